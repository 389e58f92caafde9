"""The scale against the definitions of CIELAB and of three kinds of colour blindness."""

import numpy as np
import pytest

from attnlab.plotting.colours import attention_colours, colour_table

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
COLOUR_BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(srgb):
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def lightness(linear_rgb):
    """L* of CIE 15 from the luminance weights of sRGB."""
    luminance = np.clip(linear_rgb, 0, 1) @ [0.2126729, 0.7151522, 0.0721750]
    return np.where(luminance > 216 / 24389, 116 * np.cbrt(luminance) - 16, luminance * 24389 / 27)


def test_equal_steps_of_weight_are_equal_steps_of_lightness():
    steps = -np.diff(lightness(linear(colour_table())))
    assert steps == pytest.approx((97 - 18) / 255, rel=0.01)
    on_dark = np.diff(lightness(linear(colour_table(on_dark=True))))
    assert on_dark == pytest.approx((97 - 11) / 255, rel=0.01)


@pytest.mark.parametrize("kind", COLOUR_BLINDNESS)
def test_heavier_stands_out_more_to_every_eye(kind):
    seen = linear(colour_table()) @ np.array(COLOUR_BLINDNESS[kind]).T
    assert (np.diff(lightness(seen)) < 0).all()
    seen = linear(colour_table(on_dark=True)) @ np.array(COLOUR_BLINDNESS[kind]).T
    assert (np.diff(lightness(seen)) > 0).all()


def test_the_ends_are_nearly_white_and_dark_blue():
    red, green, blue, _ = attention_colours()(0.0)
    assert min(red, green, blue) > 0.94
    red, green, blue, _ = attention_colours()(1.0)
    assert red < green < blue < 0.45
