import { Avatar } from "@mantine/core";
import { textColorOn } from "./colors.ts";
import { initials } from "./names.ts";
import type { Person } from "./person.ts";

/** Somebody's picture, or their initials on their colour. */
export function PersonAvatar({ person, size = 30 }: { person: Person; size?: number }) {
  return (
    <Avatar
      size={size}
      radius="xl"
      src={person.picture}
      alt={person.name}
      imageProps={{ referrerPolicy: "no-referrer" }}
      styles={{
        placeholder: {
          background: person.color,
          color: textColorOn(person.color),
          border: 0,
          fontSize: size * 0.38,
          fontWeight: 600,
        },
      }}
    >
      {initials(person.name)}
    </Avatar>
  );
}
