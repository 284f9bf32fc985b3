import { useMemo } from "react";
import { useSession } from "../app/SessionGate.tsx";
import { useGuest } from "./guest.ts";
import { type Person, personOf } from "./person.ts";

/** Who we are to the others: the user of the token where there is one, else the guest of this browser. */
export function useSelf(): { person: Person; editable: boolean } {
  const { user } = useSession();
  const guest = useGuest();
  return useMemo(() => {
    const known = user ? personOf(user, 0) : undefined;
    return known ? { person: known, editable: false } : { person: guest, editable: true };
  }, [user, guest]);
}
