"""Files that pages are made of."""

from importlib import resources


def site_file(name: str, package: str = __package__) -> str:
    """Returns the text of a file in the folder `site` of a package.

    Example:
        >>> site_file("design.css").startswith(":root")
        True
    """
    return resources.files(package).joinpath("site").joinpath(name).read_text(encoding="utf-8")
