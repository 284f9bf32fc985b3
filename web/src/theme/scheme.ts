import { localStorageColorSchemeManager } from "@mantine/core";

/** Keeps the choice of light, dark or the system's theme; other tabs follow. `first-paint.js` reads the same key. */
export const schemeManager = localStorageColorSchemeManager({ key: "collab.theme" });
