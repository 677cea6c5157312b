"""A headless Chromium for the tests of pages; `make test` installs it where apt-get can."""

import base64
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import axe_core_python
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

_SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--force-device-scale-factor=1",
)


def start_browser(profile: Path, *more: str, size: Sequence[int] = (1200, 1400)) -> webdriver.Chrome:
    """Starts a browser of its own profile; `quit()` ends it."""
    options = Options()
    options.binary_location = _program("chromium")
    for switch in (*_SWITCHES, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}", *more):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(_program("chromedriver")))


def _program(name: str) -> str:
    path = shutil.which(name)
    assert path, f"{name} is not installed: Debian has both in chromium-driver."
    return path


def view(browser: webdriver.Chrome, width: int, height: int = 900, *, dark: bool = False) -> None:
    """Shows pages this wide, in pixels, also narrower than a window can be; light or dark."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def findings_of(browser: webdriver.Chrome) -> list[str]:
    """Returns what axe-core, which knows the rules of accessible pages, finds wrong with the page that is shown."""
    browser.set_script_timeout(120)
    browser.execute_script((Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    return browser.execute_async_script(
        """const done = arguments[0];
        const told = ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(" ")}`;
        axe.run(document, { preload: false }).then(({ violations }) => done(violations.map(told)));"""
    )


def is_wider_than_the_screen(browser: webdriver.Chrome) -> bool:
    """Returns whether one has to scroll sideways."""
    return browser.execute_script(
        "const { scrollWidth, clientWidth } = document.documentElement; return scrollWidth > clientWidth"
    )


def saved_by(browser: webdriver.Chrome, button: WebElement) -> tuple[str, bytes]:
    """Presses a button that saves a file, and returns the name and the content that it would have."""
    browser.execute_script(
        """const make = URL.createObjectURL, saved = {};
        URL.createObjectURL = (blob) => (saved.blob = blob) && make.call(URL, blob);
        HTMLAnchorElement.prototype.click = function () {
          const reader = new FileReader();
          reader.addEventListener("load", () => (window.saved = [this.download, reader.result]));
          reader.readAsDataURL(saved.blob);
        };"""
    )
    button.click()
    name, content = WebDriverWait(browser, 60).until(lambda browser: browser.execute_script("return window.saved"))
    return name, base64.b64decode(content.partition(",")[2])


def errors_of(browser: webdriver.Chrome) -> list[str]:
    """Returns what the console has had to complain of since the last time."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")]


def requests_of(browser: webdriver.Chrome) -> list[str]:
    """Returns the addresses that were asked for since the last time, `data:` not among them."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    addresses = [
        message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"
    ]
    return [address for address in addresses if not address.startswith(("data:", "blob:"))]
