import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const SOURCE = "src/theme/first-paint.js";

/**
 * Puts the script that sets the theme into the head as a classic, blocking one: a module would run after the first paint, and an inline
 * script is refused by the server's content security policy.
 */
export function firstPaint(): Plugin {
  const source = readFileSync(new URL(`../${SOURCE}`, import.meta.url), "utf8");
  const fileName = `assets/first-paint-${createHash("sha256").update(source).digest("hex").slice(0, 8)}.js`;
  let building = false;
  return {
    name: "collab:first-paint",
    configResolved(config) {
      building = config.command === "build";
    },
    generateBundle() {
      this.emitFile({ type: "asset", fileName, source });
    },
    transformIndexHtml() {
      return [{ tag: "script", attrs: { src: building ? `/${fileName}` : `/${SOURCE}` }, injectTo: "head" }];
    },
  };
}
