/** The same drawing as `icon.svg`. */
export function Logo() {
  return (
    <svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="#5b5bd6" />
      <path d="M9 9.5h14M9 15h9M9 20.5h6" stroke="#fff" strokeWidth="2.4" strokeLinecap="round" />
      <path d="M20 16.5l5.8 2.4-2.5 1-1 2.6z" fill="#fff" stroke="#fff" strokeWidth="1.2" strokeLinejoin="round" />
    </svg>
  );
}
