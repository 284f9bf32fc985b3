import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { lazy, Suspense } from "react";
import { DocumentsPage } from "../documents/DocumentsPage.tsx";
import { EditorSkeleton } from "../editor/EditorSkeleton.tsx";
import { readableGreys, theme } from "../theme/mantine.ts";
import { schemeManager } from "../theme/scheme.ts";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { Frame } from "./Frame.tsx";
import { useRoute } from "./navigation.ts";
import { importEditor } from "./preload.ts";
import type { Route } from "./routes.ts";
import { SessionGate } from "./SessionGate.tsx";
import { NoSuchPage } from "./screens.tsx";

const EditorPage = lazy(importEditor);
const AccountPage = lazy(async () => ({ default: (await import("../account/AccountPage.tsx")).AccountPage }));
const JoinPage = lazy(async () => ({ default: (await import("../account/JoinPage.tsx")).JoinPage }));
const ResetPage = lazy(async () => ({ default: (await import("../account/ResetPage.tsx")).ResetPage }));

const SharePage = lazy(async () => ({ default: (await import("../sharing/SharePage.tsx")).SharePage }));
const AdminPage = lazy(async () => ({ default: (await import("../admin/AdminPage.tsx")).AdminPage }));
const WorkspacesPage = lazy(async () => ({
  default: (await import("../workspaces/WorkspacesPage.tsx")).WorkspacesPage,
}));

export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={readableGreys}
      colorSchemeManager={schemeManager}
      defaultColorScheme="auto"
    >
      <ErrorBoundary>
        <Suspense>
          <CurrentPage />
        </Suspense>
      </ErrorBoundary>
      <Notifications position="bottom-center" limit={3} />
    </MantineProvider>
  );
}

function CurrentPage() {
  const route = useRoute();
  if (route.page === "join") return <JoinPage />;
  if (route.page === "reset") return <ResetPage />;
  if (route.page === "share") return <SharePage />;
  return (
    <SessionGate>
      <Frame hasStatus={route.page === "document"}>
        <Suspense fallback={route.page === "document" ? <EditorSkeleton /> : null}>
          <GuardedPage route={route} />
        </Suspense>
      </Frame>
    </SessionGate>
  );
}

function GuardedPage({ route }: { route: Route }) {
  if (route.page === "documents") return <DocumentsPage />;
  if (route.page === "account") return <AccountPage />;
  if (route.page === "admin") return <AdminPage />;
  if (route.page === "workspaces") return <WorkspacesPage />;
  if (route.page !== "document") return <NoSuchPage />;
  return <EditorPage key={route.name} name={route.name} />;
}
