"""A phone's browser with WebKit's engine, for WebDriver to drive; run by the system's python3, which has GTK's bindings.

Hides GTK. Takes from its environment where the profile lies (PHONE_PROFILE), how large the screen is (PHONE_SIZE, CSS
pixels) and where the phone is (PHONE_PLACE: latitude, longitude, metres). Promises that the profile outlives it, that
every permission a page asks for is given, and that what browsers for people have switched on is on here. Never imports
anything of ours.
"""

import os

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402

PROFILE = os.environ["PHONE_PROFILE"]
WIDTH, HEIGHT = (int(number) for number in os.environ.get("PHONE_SIZE", "390x844").split("x"))
PLACE = [float(number) for number in os.environ.get("PHONE_PLACE", "57.0528,9.9257,8").split(",")]
# Off in the bare library, on in Safari.
FEATURES = {"AccessHandle", "FileSystem", "FileSystemWritableStream", "ScreenWakeLockAPI", "ServiceWorkers"}
FEATURES |= {"StorageAPI", "StorageAPIEstimate"}


def settings():
    chosen = WebKit2.Settings()
    known = WebKit2.Settings.get_all_features()
    for number in range(known.get_length()):
        feature = known.get(number)
        if feature.get_identifier() in FEATURES:
            chosen.set_feature_enabled(feature, True)
    chosen.set_enable_media_stream(True)
    chosen.set_enable_mock_capture_devices(True)  # a microphone that beeps
    return chosen


def allow(_view, request):
    request.allow()
    return True


def locate(manager):
    manager.update_position(WebKit2.GeolocationPosition.new(*PLACE))
    return True


def open_view(_session, context):
    view = WebKit2.WebView(web_context=context, settings=settings(), is_controlled_by_automation=True)
    view.connect("permission-request", allow)
    window = Gtk.Window(default_width=WIDTH, default_height=HEIGHT, decorated=False)
    window.add(view)
    window.show_all()
    return view


def introduce(context, session):
    about = WebKit2.ApplicationInfo()
    about.set_name("MiniBrowser")  # what the driver asks for
    about.set_version(WebKit2.get_major_version(), WebKit2.get_minor_version(), WebKit2.get_micro_version())
    session.set_application_info(about)
    session.connect("create-web-view", open_view, context)


def main():
    store = WebKit2.WebsiteDataManager(base_data_directory=PROFILE, base_cache_directory=os.path.join(PROFILE, "cache"))
    context = WebKit2.WebContext.new_with_website_data_manager(store)
    context.set_automation_allowed(True)
    context.set_preferred_languages(["da-DK"])
    context.get_geolocation_manager().connect("start", locate)
    context.connect("automation-started", introduce)
    Gtk.main()


main()
