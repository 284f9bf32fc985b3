/**
 * Counts what the server has not yet confirmed, so that "saved" is never said too early.
 *
 * The provider's own `unsyncedChanges` starts at one with every connection, and then takes the confirmations of edits it replays from its
 * queue as well: after a time offline it reaches zero while replayed edits and the reconciliation are still on their way. This ledger
 * sees the frames themselves. The server answers each Step2 and each Update with one SyncStatus, after the commit.
 */
export class SaveLedger {
  /** Frames that are on the wire of the present connection and wait for their SyncStatus. */
  private outstanding = 0;
  /** Edits that are not on the wire, or whose connection was lost before they were confirmed. */
  private unsent = 0;
  /** Whether our Step2 went out on the present connection: it carries whatever the server lacks. */
  private reconciled = false;
  private refusal = false;

  /** An edit was made here; a frame with it may or may not follow. */
  edited(): void {
    this.unsent += 1;
  }

  /** A Step2 went onto the wire. It carries everything there is, so nothing is unsent any more. */
  sentStep2(): void {
    this.reconciled = true;
    this.unsent = 0;
    this.outstanding += 1;
  }

  /** An Update went onto the wire: the frame of one edit, or its repetition after a reconnect. */
  sentUpdate(): void {
    this.unsent = Math.max(0, this.unsent - 1);
    this.outstanding += 1;
  }

  /** A SyncStatus came in. */
  answered(applied: boolean): void {
    this.outstanding = Math.max(0, this.outstanding - 1);
    if (!applied) this.refusal = true;
  }

  /** The connection is gone: what it carried without a confirmation counts as not sent. */
  disconnected(): void {
    this.unsent += this.outstanding;
    this.outstanding = 0;
    this.reconciled = false;
  }

  /** Whether the server has confirmed everything that was ever written here. */
  get settled(): boolean {
    return this.reconciled && this.pending === 0;
  }

  /** Whether the server owes a confirmation on the present connection. */
  get awaiting(): boolean {
    return this.outstanding > 0;
  }

  /** How many edits or frames have no confirmation yet. */
  get pending(): number {
    return this.unsent + this.outstanding;
  }

  /** Whether the server ever refused an edit, which then exists in this window only. */
  get refused(): boolean {
    return this.refusal;
  }
}
