"""A drawn Makassar street as a camera sees it, with exact truth of everything in it.

Drawn with OpenCV polygons: no assets, no graphics card, the same for the same seed. World: x to the
right, y ahead, z up, in metres; the stop line is at `traffic.STOP_Y_M`. Vehicles keep left.

Terms:
    backdrop: what stands still (sky, ground, houses, trees, lamps), drawn once per camera.
    actor: a vehicle or a person on a lane; scripted ones break the rules on purpose.
    truth: per picture, what is where: class, box, visible share, plate, signal phases.
    pete-pete: the blue minibus of Makassar.

Limits: straight lanes (nobody turns), no motion blur, crossing streams do not see each other.
Begin with `render.render_clip`; the clips of the demo are `profile.demo_orders`.
"""
