import { BlockNoteSchema, defaultBlockSpecs } from "@blocknote/core";

const { checkListItem } = defaultBlockSpecs;
const { render } = checkListItem.implementation;

/** The box of a to-do has no name of its own for a screen reader. */
const renderWithNamedBox: typeof render = function (...args) {
  const rendered = render.apply(this, args);
  rendered.dom.querySelector("input")?.setAttribute("aria-label", "Done");
  return rendered;
};

/** BlockNote's own blocks. The server knows the same as rich text: content outside of the schema would be deleted by opening it. */
export const schema = BlockNoteSchema.create({
  blockSpecs: {
    ...defaultBlockSpecs,
    checkListItem: {
      ...checkListItem,
      implementation: { ...checkListItem.implementation, render: renderWithNamedBox },
    },
  },
});
