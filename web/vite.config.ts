import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { firstPaint } from "./build/first-paint.ts";
import { precompress } from "./build/precompress.ts";

const SERVER = "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), firstPaint(), precompress()],
  resolve: {
    // Two copies of one of these would not recognise each other's objects.
    dedupe: ["yjs", "y-protocols", "y-prosemirror", "react", "react-dom", "@mantine/core", "@mantine/hooks"],
  },
  build: {
    // The server's content security policy allows no `data:` fonts or scripts.
    assetsInlineLimit: 0,
    // The editor with its document model is one lazy chunk; it is as large as it is.
    chunkSizeWarningLimit: 1500,
  },
  server: {
    proxy: {
      "/api": SERVER,
      "/hocuspocus": { target: SERVER, ws: true },
    },
  },
  test: {
    include: ["src/**/*.test.ts"],
  },
});
