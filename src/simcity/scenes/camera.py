"""A pinhole camera above the street."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where a camera stands and looks. `yaw_deg` to the right, `pitch_deg` down, `fov_deg` wide."""

    x_m: float = -3.0
    y_m: float = -9.0
    height_m: float = 6.5
    yaw_deg: float = 0.0
    pitch_deg: float = 14.5
    fov_deg: float = 58.0


class Camera:
    """Projects world points (metres) to pixels of a picture of `width` x `height`."""

    def __init__(self, view: View, width: int, height: int) -> None:
        self.view, self.width, self.height = view, width, height
        yaw, pitch = np.radians(view.yaw_deg), np.radians(view.pitch_deg)
        right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
        ahead = np.array([np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), -np.sin(pitch)])
        self.axes: Floats = np.stack([right, np.cross(ahead, right), ahead]).astype(np.float32)
        self.at: Floats = np.array([view.x_m, view.y_m, view.height_m], np.float32)
        self.focal_px = float(width / 2 / np.tan(np.radians(view.fov_deg) / 2))
        self._middle: Floats = np.array([width / 2, height / 2], np.float32)

    def project(self, points: npt.ArrayLike, scale: float = 1.0) -> tuple[Floats, Floats]:
        """Return pixels (..., 2), times `scale`, and depths in metres (...) of points (..., 3).

        Depths of points behind the camera are negative; their pixels mean nothing.
        """
        seen = (np.asarray(points, np.float32) - self.at) @ self.axes.T
        ahead = np.maximum(seen[..., 2:], 1e-3)
        pixels = (seen[..., :2] / ahead * self.focal_px + self._middle) * scale
        return pixels.astype(np.float32), seen[..., 2].astype(np.float32)

    def depth_m(self, point: npt.ArrayLike) -> float:
        """Return how far ahead of the camera a point is."""
        return float((np.asarray(point, np.float32) - self.at) @ self.axes[2])

    def distance_m(self, point: npt.ArrayLike) -> float:
        """Return how far a point is from the camera."""
        return float(np.linalg.norm(np.asarray(point, np.float32) - self.at))

    def clip_near(self, polygon: npt.ArrayLike, near_m: float = 0.4) -> Floats:
        """Return the part of a polygon (N, 3) that is at least `near_m` ahead of the camera."""
        corners = np.asarray(polygon, np.float32)
        ahead = (corners - self.at) @ self.axes[2] - near_m
        kept: list[Floats] = []
        for i in range(len(corners)):
            j = (i + 1) % len(corners)
            if ahead[i] >= 0:
                kept.append(corners[i])
            if (ahead[i] >= 0) != (ahead[j] >= 0):
                share = ahead[i] / (ahead[i] - ahead[j])
                kept.append(corners[i] + (corners[j] - corners[i]) * share)
        return np.array(kept, np.float32).reshape(-1, 3)

    def sees(self, centre: npt.ArrayLike, reach_m: float) -> bool:
        """Tell whether a ball around a point is at least partly in the picture."""
        x, y, depth = self.axes @ (np.asarray(centre, np.float32) - self.at)
        return bool(
            depth > 1.5
            and (abs(x) - reach_m) * self.focal_px < depth * self.width / 2
            and (abs(y) - reach_m) * self.focal_px < depth * self.height / 2
        )
