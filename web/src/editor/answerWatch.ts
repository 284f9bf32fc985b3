/** How long an edit may wait while the server says nothing at all. One that lives and waits for its database says something after four seconds. */
export const SILENCE_MS = 10_000;

/**
 * Notices that a connection which still counts as open has stopped answering.
 *
 * A network that goes silently closes no socket, and the provider gives up on one only after thirty seconds.
 */
export class AnswerWatch {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private doubtful = false;

  constructor(private readonly changed: () => void) {}

  /** Whether the server owes an answer and says nothing, or the browser has lost its network, and nothing was heard since. */
  get silent(): boolean {
    return this.doubtful;
  }

  /** Tells whether the server owes an answer now. */
  expect(due: boolean): void {
    if (!due) this.stop();
    else if (!this.doubtful) this.timer ??= setTimeout(this.suspect, SILENCE_MS);
  }

  /** Something came from the server. */
  heard(): void {
    this.stop();
    this.doubtful = false;
  }

  /** There is reason to believe that the server is out of reach. */
  readonly suspect = (): void => {
    this.stop();
    this.doubtful = true;
    this.changed();
  };

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
