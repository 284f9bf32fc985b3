import "@mantine/core/styles/PasswordInput.layer.css";
import { PasswordInput } from "@mantine/core";

/** What the server takes. */
const MIN_LENGTH = 10;

interface Props {
  label: string;
  value: string;
  change: (value: string) => void;
  autoFocus?: boolean;
}

/** Asks for a password that somebody is to choose. */
export function NewPassword({ label, value, change, autoFocus = false }: Props) {
  return (
    <PasswordInput
      label={label}
      description={`At least ${MIN_LENGTH} characters; a few words are good.`}
      autoComplete="new-password"
      required
      withAsterisk={false}
      autoFocus={autoFocus}
      minLength={MIN_LENGTH}
      value={value}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}
