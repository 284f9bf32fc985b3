import { ActionIcon, Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { Check, Link as LinkIcon } from "lucide-react";
import { useSession } from "../app/SessionGate.tsx";

/** Copies the document's address. Where a token is needed, the address alone would lead nobody in. */
export function CopyLink() {
  const { mode } = useSession();
  const clipboard = useClipboard({ timeout: 2000 });
  if (mode !== "open") return null;
  const label = clipboard.copied ? "Link copied" : "Copy link";
  return (
    <Tooltip label={label} withArrow>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={36}
        aria-label={label}
        onClick={() => clipboard.copy(window.location.origin + window.location.pathname)}
      >
        {clipboard.copied ? <Check size={18} aria-hidden /> : <LinkIcon size={18} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  );
}
