import { Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { PersonAvatar } from "./PersonAvatar.tsx";
import styles from "./PresenceAvatars.module.css";
import type { Person } from "./person.ts";

const MOST_SHOWN = 4;
const MOST_SHOWN_ON_A_PHONE = 2;

/** Who else is here. */
export function PresenceAvatars({ people }: { people: readonly Person[] }) {
  const most = useMediaQuery("(max-width: 560px)") ? MOST_SHOWN_ON_A_PHONE : MOST_SHOWN;
  if (people.length === 0) return null;
  // A lone "+1" takes the room of the avatar that it hides.
  const shown = people.length <= most + 1 ? people : people.slice(0, most);
  const hidden = people.slice(shown.length);
  return (
    <ul className={styles.people} aria-label="Also here">
      {shown.map((person) => (
        <Tooltip key={person.id} label={person.name} withArrow>
          <li className={styles.person}>
            <PersonAvatar person={person} size={28} />
          </li>
        </Tooltip>
      ))}
      {hidden.length > 0 ? (
        <Tooltip label={names(hidden)} multiline maw={260} withArrow>
          <li className={styles.more}>
            <span aria-hidden>+{hidden.length}</span>
            <span className={styles.names}>and {names(hidden)}</span>
          </li>
        </Tooltip>
      ) : null}
    </ul>
  );
}

function names(people: readonly Person[]): string {
  const first = people.slice(0, 12).map((person) => person.name);
  const rest = people.length - first.length;
  return rest > 0 ? `${first.join(", ")} and ${rest} more` : first.join(", ");
}
