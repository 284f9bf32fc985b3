import { Button } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { Message } from "./Message.tsx";

interface State {
  failed: boolean;
}

/** Says so when a part of the page fails, instead of leaving it white. */
export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { failed: false };

  static getDerivedStateFromError(): State {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main>
        <Message
          tone="bad"
          title="Something went wrong on this page"
          action={<Button onClick={() => window.location.reload()}>Reload the page</Button>}
        >
          What the server confirmed as saved is safe. Reload the page to go on.
        </Message>
      </main>
    );
  }
}
