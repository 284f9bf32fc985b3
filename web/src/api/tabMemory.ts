/** A text that this tab keeps over reloads; without storage, for as long as the page. Empty where there is none. */
export class TabMemory {
  private current: string;

  constructor(private readonly key: string) {
    this.current = this.stored();
  }

  read(): string {
    return this.current;
  }

  keep(text: string): void {
    this.current = text;
    try {
      if (text === "") window.sessionStorage.removeItem(this.key);
      else window.sessionStorage.setItem(this.key, text);
    } catch {
      // A browser may forbid storage.
    }
  }

  private stored(): string {
    try {
      return window.sessionStorage.getItem(this.key) ?? "";
    } catch {
      return "";
    }
  }
}
