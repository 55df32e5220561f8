"""Images that are there are left as they are. That missing ones can be built, `.ci/containers` shows."""

from support.stack import image_building
from support.stack.images import IMAGES
from tests.stack.engine import with_containers


@with_containers
def test_images_that_are_there():
    said: list[str] = []
    image_building.provide(said.append)
    assert said == [f"{name}: is there" for name in IMAGES.values()]


def test_what_stands_in_for_clickhouse_has_pinned_packages():
    pins = image_building.pins()
    assert len(pins) == len(image_building.PYTHON_PACKAGES)
    assert all("==" in pin and ";" not in pin for pin in pins)
