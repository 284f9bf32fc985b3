import { Button } from "@mantine/core";
import { UserPlus } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import type { DocumentRecord } from "../api/documents.ts";
import { useSession } from "../app/SessionGate.tsx";
import styles from "./Sharing.module.css";

const ShareDialog = lazy(async () => ({ default: (await import("./ShareDialog.tsx")).ShareDialog }));

/** Opens what an owner shares a document with. In open mode there is nobody to share with: everybody is in. */
export function ShareButton({ document }: { document: DocumentRecord }) {
  const { mode } = useSession();
  const [opened, setOpened] = useState(false);
  if (mode === "open" || document.role !== "owner") return null;
  return (
    <>
      <Button
        variant="light"
        size="compact-md"
        aria-label="Share"
        leftSection={<UserPlus size={16} aria-hidden />}
        classNames={{ root: styles.button ?? "", section: styles.buttonIcon ?? "", label: styles.buttonLabel ?? "" }}
        onClick={() => setOpened(true)}
      >
        Share
      </Button>
      {opened ? (
        <Suspense>
          <ShareDialog document={document} close={() => setOpened(false)} />
        </Suspense>
      ) : null}
    </>
  );
}
