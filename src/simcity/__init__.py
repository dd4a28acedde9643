"""A simulated city for demonstrations and tests: its map, its streets, its cameras.

It knows nothing of War Room and speaks to it as a real city would: RTSP, files and HTTP.

Parts:
    city: the hand-made schematic Makassar (coast, kecamatan, roads, 468 camera sites).
    scenes: drawn street clips with exact truth, by day, dusk, night and in rain.
    drive: the traffic of its roads, and the vehicles that tell where they are.
    rtsp: hundreds of cameras served by one process, each able to fail in fifteen ways.

Begin with `python -m simcity --help`.
"""
