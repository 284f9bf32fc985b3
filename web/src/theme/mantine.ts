import { type CSSVariablesResolver, createTheme, type MantineColorsTuple, Modal } from "@mantine/core";

const iris: MantineColorsTuple = [
  "#f3f3ff",
  "#e6e6fb",
  "#cdcdf6",
  "#adadf0",
  "#8f8fe9",
  "#7373e0",
  "#5b5bd6",
  "#5151cd",
  "#4646b8",
  "#38388f",
];

/** Neutral greys; the eighth is the page, the seventh what lies on it. */
const dark: MantineColorsTuple = [
  "#ededef",
  "#d0cfd4",
  "#a3a2aa",
  "#7f7e87",
  "#42424a",
  "#33333a",
  "#232327",
  "#18181b",
  "#121214",
  "#0c0c0e",
];

const FONT = "'Inter Variable', system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

export const theme = createTheme({
  colors: { iris, dark },
  primaryColor: "iris",
  primaryShade: { light: 6, dark: 6 },
  fontFamily: FONT,
  headings: { fontFamily: FONT, fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Modal: Modal.extend({ styles: { title: { fontSize: "1.05rem", fontWeight: 600 } } }),
  },
});

/** Where Mantine's own greys are too faint to read. */
export const readableGreys: CSSVariablesResolver = () => {
  const greys = { "--mantine-color-dimmed": "var(--muted)", "--mantine-color-placeholder": "var(--muted)" };
  return { variables: {}, light: greys, dark: greys };
};
