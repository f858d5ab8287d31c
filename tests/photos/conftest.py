"""What every test of photos can ask for."""

from tests.photos.disks import small_disk

__all__ = ["small_disk"]
