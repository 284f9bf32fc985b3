import { ActionIcon } from "@mantine/core";
import { X } from "lucide-react";

/** At the end of a row. */
export function RemoveButton({ label, remove }: { label: string; remove: () => void }) {
  return (
    <ActionIcon variant="subtle" color="gray" size={36} aria-label={label} onClick={remove}>
      <X size={17} aria-hidden />
    </ActionIcon>
  );
}
