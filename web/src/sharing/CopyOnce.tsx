import { Button, TextInput } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { Check, Copy } from "lucide-react";
import panel from "../panels/Panel.module.css";
import styles from "./Sharing.module.css";

/** A secret to be taken along now: nobody can show it again. */
export function CopyOnce({ label, text }: { label: string; text: string }) {
  const clipboard = useClipboard({ timeout: 2000 });
  return (
    <div className={styles.once} role="status">
      <TextInput
        className={panel.grow}
        label={label}
        readOnly
        value={text}
        onFocus={(event) => event.currentTarget.select()}
      />
      <Button
        variant="light"
        leftSection={clipboard.copied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
        onClick={() => clipboard.copy(text)}
      >
        {clipboard.copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}
