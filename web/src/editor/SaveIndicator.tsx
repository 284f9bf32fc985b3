import { Loader, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { CircleAlert, CircleCheck, CloudOff } from "lucide-react";
import { useEffect, useState } from "react";
import styles from "./SaveIndicator.module.css";
import { SAVE_STATE_TEXT, type SaveState } from "./saveState.ts";

/** Keeps "Saving…" from flickering at every key; only "saved" is ever shown late. */
const SAVED_AFTER_MS = 400;

/** Tells how safe the content is. */
export function SaveIndicator({ state }: { state: SaveState }) {
  const shown = useSteady(state);
  const { label, short, detail, explanation } = SAVE_STATE_TEXT[shown];
  const narrow = useMediaQuery("(max-width: 560px)");
  return (
    <Tooltip label={explanation} multiline maw={280} withArrow>
      <div
        className={styles.indicator}
        data-save-state={shown}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard reaches the explanation, too
        tabIndex={0}
        role="status"
        // What comes and goes with every pause in typing is not read out.
        aria-live={shown === "offline" || shown === "refused" ? "polite" : "off"}
      >
        <Sign state={shown} />
        <span className={styles.label}>
          {narrow ? short : label}
          {detail ? <span className={styles.detail}> — {detail}</span> : null}
        </span>
      </div>
    </Tooltip>
  );
}

function Sign({ state }: { state: SaveState }) {
  if (state === "saved") return <CircleCheck size={17} aria-hidden />;
  if (state === "offline") return <CloudOff size={17} aria-hidden />;
  if (state === "refused") return <CircleAlert size={17} aria-hidden />;
  return <Loader size={14} color="currentColor" aria-hidden />;
}

function useSteady(state: SaveState): SaveState {
  const [steady, setSteady] = useState(state);
  useEffect(() => {
    if (state !== "saved") return setSteady(state);
    const timer = window.setTimeout(() => setSteady("saved"), SAVED_AFTER_MS);
    return () => window.clearTimeout(timer);
  }, [state]);
  // Whatever is worse than "saved" shows at once, even before the effect has run.
  return state === "saved" ? steady : state;
}
