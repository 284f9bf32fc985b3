"""Documents as the browser editor writes them, built in the CRDT."""

from collections.abc import Mapping
from typing import Any

from pycrdt import Doc, XmlElement, XmlFragment, XmlText


class RichText:
    """A rich-text document that is written block by block."""

    def __init__(self) -> None:
        self._doc: Doc[Any] = Doc()
        root = self._doc.get("default", type=XmlFragment)
        self._group: XmlElement = root.children.append(XmlElement("blockGroup"))
        self._blocks = 0

    def block(
        self,
        tag: str,
        text: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        *,
        into: XmlElement | None = None,
    ) -> XmlElement:
        """Append a block and return its content; `into` is the content of the block to nest it under."""
        self._blocks += 1
        block = self._group_in(into).children.append(XmlElement("blockContainer", {"id": f"b{self._blocks}"}))
        content = block.children.append(XmlElement(tag, dict(attributes or {})))
        if text is not None:
            content.children.append(XmlText(text))
        return content

    def _group_in(self, content: XmlElement | None) -> XmlElement:
        if content is None:
            return self._group
        parent = content.parent
        assert isinstance(parent, XmlElement)
        group: XmlElement = parent.children.append(XmlElement("blockGroup"))
        return group

    def table(self, rows: list[list[str]]) -> XmlElement:
        """Append a table with one paragraph in each cell."""
        table = self.block("table")
        for cells in rows:
            row = table.children.append(XmlElement("tableRow"))
            for text in cells:
                cell = row.children.append(XmlElement("tableCell", {"textColor": "default"}))
                paragraph = cell.children.append(XmlElement("tableParagraph"))
                paragraph.children.append(XmlText(text))
        return table

    def state(self) -> bytes:
        """Return the document as one update."""
        return self._doc.get_update()
