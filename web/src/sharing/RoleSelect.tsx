import "@mantine/core/styles/Combobox.layer.css";
import { NativeSelect } from "@mantine/core";
import type { Role } from "../api/documents.ts";
import { ROLES } from "../api/sharing.ts";

interface Props {
  label: string;
  value: Role;
  change: (role: Role) => void;
  /** Whether somebody may be made an owner. */
  owners?: boolean;
  /** Whether the label is shown, and what each role may do is told; else, in a row of many, there is no room for either. */
  labelled?: boolean;
}

/** Chooses what somebody may do. */
export function RoleSelect({ label, value, change, owners = true, labelled = false }: Props) {
  return (
    <NativeSelect
      {...(labelled ? { label } : { "aria-label": label })}
      data={ROLES.filter((role) => owners || role.value !== "owner").map(({ value: role, label: called, may }) => ({
        value: role,
        label: labelled ? `${called}: ${may}` : called,
      }))}
      value={value}
      onChange={(event) => change(event.currentTarget.value as Role)}
    />
  );
}
