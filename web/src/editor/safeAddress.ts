/** A document's writers may put any address into it. Followed, or shown, are only those that run nothing in this page. */

const LINKS = new Set(["http:", "https:", "mailto:", "tel:", "sms:", "ftp:", "ftps:", "xmpp:", "callto:", "cid:"]);
const MEDIA = new Set(["http:", "https:", "blob:"]);
/** SVG is not among them: opened by itself it runs scripts. */
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif)[;,]/;

/** The address as a browser reads it, who passes over blanks and control characters; undefined where it is none. */
function read(address: string): URL | undefined {
  return URL.canParse(address, window.location.href) ? new URL(address, window.location.href) : undefined;
}

export function isSafeLink(address: string): boolean {
  return LINKS.has(read(address)?.protocol ?? "");
}

/** What a picture, a film or a file of the document is loaded from: its address, or none where that is not safe. */
export function safeMedia(address: string): string {
  const url = read(address);
  return url !== undefined && (MEDIA.has(url.protocol) || PICTURE.test(url.href)) ? address : "";
}
