// Sets the theme before anything is painted. `theme/scheme.ts` reads and writes the same key.
(() => {
  let kept = null;
  try {
    kept = localStorage.getItem("collab.theme");
  } catch {
    // Storage is switched off: the system decides.
  }
  const dark = kept === "dark" || (kept !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
