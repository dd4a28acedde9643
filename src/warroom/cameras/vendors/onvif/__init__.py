"""onvif: cameras of all makers that speak ONVIF Profile S or T (PTZ service, version 20)."""

SPEC = {
    "name": "onvif",
    "driver": "warroom.cameras.vendors.onvif.driver",
    "schemes": ("http", "https"),
    "capabilities": ("continuous", "stop", "absolute", "relative", "presets", "status"),
}
"""Light on purpose: listing the plug-ins imports no driver."""
