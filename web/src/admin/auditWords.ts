import type { AuditEntry } from "../api/admin.ts";

/** What each entry of the audit log tells of. */
export const ACTIONS: Readonly<Record<string, string>> = {
  "sign-in": "Signed in",
  "sign-in-failed": "Failed to sign in",
  "sign-out": "Signed out",
  "account-made": "Made an account",
  "account-changed": "Changed an account",
  "profile-changed": "Changed their profile",
  "password-changed": "Changed their password",
  "password-reset": "Set another password by a link",
  "reset-offered": "Let somebody set another password",
  invited: "Invited somebody",
  "ticket-refused": "Could not use an invitation or a link for another password",
  "credentials-refused": "Was refused at the door",
  "admin-refused": "Asked for what only admins may do",
  "identity-linked": "Linked a single sign-on",
  "identity-unlinked": "Unlinked a single sign-on",
  "session-ended": "Signed a browser out",
  "member-set": "Gave a role",
  "member-removed": "Took a role away",
  "link-made": "Made a share link",
  "link-revoked": "Revoked a share link",
  "link-opened": "Opened a share link",
  "link-refused": "Wrong password for a share link",
  "key-made": "Made an API key",
  "key-revoked": "Revoked an API key",
  "workspace-made": "Made a workspace",
  "workspace-changed": "Changed a workspace",
  "workspace-deleted": "Deleted a workspace",
  "workspace-member-set": "Gave a role in a workspace",
  "workspace-member-removed": "Took a role in a workspace away",
  "document-deleted": "Deleted a document",
  "document-restored": "Restored a document",
  "document-exported": "Took a copy of a document",
  "version-discarded": "Deleted a version",
  "version-restored": "Took a document back to a version",
  "database-exported": "Exported everything",
  "database-imported": "Imported everything",
  "rows-cut": "Cut rows out of a document that did not load",
};

/** One entry in words; an action that this page does not know yet is told by its name. */
export function describe({ action, document, subject, details }: AuditEntry): string {
  const told = Object.entries(details).map(([name, value]) => `${name} ${value}`);
  return [ACTIONS[action] ?? action, document && `“${document}”`, subject, ...told].filter(Boolean).join(" · ");
}
