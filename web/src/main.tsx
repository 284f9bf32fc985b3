import "@fontsource-variable/inter/wght.css";
import "./theme/styles.css";
import "./theme/tokens.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { takeSecretFromAddress } from "./api/token.ts";
import { App } from "./app/App.tsx";
import { preload } from "./app/preload.ts";
import { routeOf } from "./app/routes.ts";

takeSecretFromAddress();
// A link with another secret that is opened in this very tab changes the fragment alone.
window.addEventListener("hashchange", () => {
  if (takeSecretFromAddress()) window.location.reload();
});
preload(routeOf(window.location.pathname));

const root = document.getElementById("root");
if (!root) throw new Error("index.html holds no element #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
