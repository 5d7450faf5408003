"""A pen, fingers and input methods, as the browser gets them from the machine."""

from __future__ import annotations

from playwright.sync_api import CDPSession

from tests.browser.annotator import Annotator, Place

LONG_MS = 700
"""Longer than a finger rests by chance."""


class Hands:
    """The hands of whoever sits at a page."""

    def __init__(self, annotator: Annotator) -> None:
        self.annotator = annotator
        self.session: CDPSession = annotator.page.context.new_cdp_session(annotator.page)

    def pen(self, kind: str, place: Place) -> None:
        """A mouse event of a pen, at a place in the photo."""
        x, y = self.annotator.client(place)
        down = kind != "mouseReleased"
        pressed = {
            "button": "left",
            "buttons": int(down),
            "clickCount": 1,
            "pointerType": "pen",
            "force": 0.5,
        }
        self.session.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **pressed})

    def touch(self, kind: str, *places: tuple[float, float]) -> None:
        """A touch event of fingers, at places in the window."""
        points = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(places)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def tap(self, place: Place) -> None:
        """A finger touches a place in the photo for a moment."""
        self.touch("touchStart", self.annotator.client(place))
        self.touch("touchEnd")
        self.annotator.settle()

    def drag(self, *places: Place) -> None:
        """A finger draws through places in the photo."""
        first, *others = map(self.annotator.client, places)
        self.touch("touchStart", first)
        for other in others:
            self.touch("touchMove", other)
        self.touch("touchEnd")
        self.annotator.settle()

    def rest(self, place: Place) -> None:
        """A finger stays on a place in the photo."""
        x, y = self.annotator.client(place)
        self.touch("touchStart", (x, y))
        self.touch("touchMove", (x + 2, y - 3))
        self.annotator.page.wait_for_timeout(LONG_MS)
        self.touch("touchEnd")
        self.annotator.settle()

    def compose(self, text: str, key: str) -> None:
        """An input method, by which a word is being written, gets a key: Enter takes what it offers."""
        end = {"selectionStart": len(text), "selectionEnd": len(text)}
        self.session.send("Input.imeSetComposition", {"text": text, **end})
        self.session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": key, "code": key})
        self.session.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": key, "code": key})
        self.session.send("Input.insertText", {"text": text})
