"""Draws the demo walk's photos: an evening in the rain, in a neighbourhood that is no real one.

Hides the drawing. Promises the same picture each time, large enough to be treated as a phone's, and nobody in it who
could be recognised. Sizes are in pixels of a picture 1,600 wide and 1,200 high.
"""

import io
import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter

WIDTH, HEIGHT, GROUND = 1600, 1200, 780
Colour = tuple[int, int, int]
WARM, COLD, DIM = (255, 196, 110), (196, 220, 255), (90, 100, 120)


class Scene:
    """A wet street by night, drawn upon from the back to the front."""

    def __init__(self, seed: int, top: Colour = (7, 12, 24), low: Colour = (30, 38, 56)) -> None:
        self.chance = random.Random(seed)
        ramp = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
        self.image = Image.composite(self._plain(low), self._plain(top), ramp)
        self.box((0, GROUND, WIDTH, HEIGHT), (17, 21, 28))

    def _plain(self, colour: Colour) -> Image.Image:
        return Image.new("RGB", (WIDTH, HEIGHT), colour)

    def box(self, corners: tuple[float, float, float, float], colour: Colour) -> None:
        ImageDraw.Draw(self.image).rectangle(corners, colour)

    def shape(self, points: list[tuple[float, float]], colour: Colour) -> None:
        ImageDraw.Draw(self.image).polygon(points, colour)

    def glow(self, x: float, y: float, radius: int, colour: Colour, strength: float = 1.0) -> None:
        """Light that spreads from a point over everything drawn so far."""
        spread = ImageChops.invert(Image.radial_gradient("L")).resize((2 * radius, 2 * radius))
        spread = spread.point(lambda value: int((max(0, value - 74) / 181) ** 2 * 255 * strength))
        light = Image.new("RGB", (WIDTH, HEIGHT))
        light.paste(Image.new("RGB", spread.size, colour), (int(x - radius), int(y - radius)), spread)
        self.image = ImageChops.screen(self.image, light)

    def house(self, left: int, width: int, height: int, lit: float = 0.3, colour: Colour = (24, 28, 38)) -> None:
        """A block of flats whose windows are lit here and there."""
        self.box((left, GROUND - height, left + width, GROUND), colour)
        for floor in range(GROUND - height + 40, GROUND - 70, 92):
            for window in range(left + 36, left + width - 60, 88):
                is_lit = self.chance.random() < lit
                shade = (
                    self.chance.choice([(236, 188, 112), (214, 160, 92), (250, 214, 150)]) if is_lit else (14, 17, 25)
                )
                self.box((window, floor, window + 46, floor + 56), shade)
                self.box((window + 21, floor, window + 24, floor + 56), colour)

    def path(self, near: tuple[int, int], far: tuple[int, int], colour: Colour = (46, 50, 58)) -> None:
        """A path from the reader's feet (left, right) to the horizon (left, right)."""
        self.shape([(near[0], HEIGHT), (near[1], HEIGHT), (far[1], GROUND), (far[0], GROUND)], colour)

    def lamp(self, x: int, foot: int, height: int, *, is_lit: bool = True, colour: Colour = WARM) -> None:
        """A street lamp; its light falls on the ground and shines in the wet."""
        top = foot - height
        width = max(6, height // 60)
        self.box((x - width / 2, top, x + width / 2, foot), (9, 11, 15))
        self.shape([(x - 5 * width, top + 12), (x + 5 * width, top + 12), (x + 2 * width, top - 8), (x - 2 * width, top - 8)],
                   (9, 11, 15))  # fmt: skip
        if is_lit:
            self.glow(x, top + 20, height, colour, 0.75)
            self.glow(x, top + 20, height // 6, (255, 246, 226))
            self._puddle(x, foot, height, colour)

    def _puddle(self, x: int, foot: int, height: int, colour: Colour) -> None:
        mask = Image.new("L", (WIDTH, HEIGHT))
        ImageDraw.Draw(mask).ellipse(
            (x - height * 0.8, foot - height * 0.13, x + height * 0.8, foot + height * 0.2), 105
        )
        light = Image.composite(self._plain(colour), self._plain((0, 0, 0)), mask.filter(ImageFilter.GaussianBlur(40)))
        self.image = ImageChops.screen(self.image, light)

    def bush(self, x: int, y: int, size: int, colour: Colour = (11, 20, 17)) -> None:
        draw = ImageDraw.Draw(self.image)
        for _leaf in range(90):
            across, up = self.chance.gauss(0, size * 0.42), -abs(self.chance.gauss(0, size * 0.4))
            radius = self.chance.uniform(size * 0.09, size * 0.2)
            draw.ellipse((x + across - radius, y + up - radius, x + across + radius, y + up + radius), colour)

    def person(self, x: int, foot: int, height: int, colour: Colour = (6, 8, 12)) -> None:
        """Somebody from behind or far away: an outline, never a face."""
        draw, unit = ImageDraw.Draw(self.image), height / 8
        draw.ellipse((x - unit * 0.55, foot - height, x + unit * 0.55, foot - height + unit * 1.2), colour)
        draw.rounded_rectangle((x - unit, foot - height + unit * 1.2, x + unit, foot - unit * 3), unit * 0.5, colour)
        draw.rectangle((x - unit * 0.75, foot - unit * 3.4, x - unit * 0.1, foot), colour)
        draw.rectangle((x + unit * 0.1, foot - unit * 3.4, x + unit * 0.75, foot), colour)

    def jpeg(self) -> bytes:
        """The finished photo, with rain and a sensor's grain."""
        rain = Image.new("L", (WIDTH, HEIGHT))
        draw = ImageDraw.Draw(rain)
        for _drop in range(500):
            x, y = self.chance.randrange(WIDTH), self.chance.randrange(HEIGHT)
            length = self.chance.randint(12, 44)
            draw.line((x, y, x - length // 5, y + length), self.chance.randint(16, 52), 2)
        wet = ImageChops.screen(self.image, rain.filter(ImageFilter.GaussianBlur(1)).convert("RGB"))
        tile = Image.frombytes("L", (200, 200), self.chance.randbytes(40_000))
        grain = Image.new("L", (WIDTH, HEIGHT))
        for x in range(0, WIDTH, 200):
            for y in range(0, HEIGHT, 200):
                grain.paste(tile, (x, y))
        file = io.BytesIO()
        Image.blend(wet, grain.convert("RGB"), 0.035).save(file, "JPEG", quality=84)
        return file.getvalue()


def tunnel() -> bytes:
    """The tunnel whose lamps are out: light at the far end only."""
    scene = Scene(1)
    scene.house(-40, 420, 520, 0.35)
    scene.house(1230, 460, 430, 0.25)
    scene.shape([(0, 470), (WIDTH, 470), (WIDTH, GROUND + 70), (0, GROUND + 70)], (38, 42, 50))
    scene.path((160, 1440), (600, 1000))
    draw = ImageDraw.Draw(scene.image)
    draw.rounded_rectangle((430, 540, 1170, 1000), 190, (3, 4, 7))
    scene.shape([(430, 850), (1170, 850), (1330, HEIGHT), (270, HEIGHT)], (20, 23, 29))
    ImageDraw.Draw(scene.image).rounded_rectangle((740, 700, 860, 850), 50, (52, 58, 70))
    scene.glow(800, 780, 210, COLD, 0.6)
    scene.person(812, 858, 84)
    scene.lamp(1420, 1010, 640, is_lit=False)
    scene.lamp(130, 900, 470, is_lit=True)
    return scene.jpeg()


def hedge() -> bytes:
    """A path where bushes stand close on one side."""
    scene = Scene(2)
    scene.house(120, 560, 470, 0.4)
    scene.house(760, 380, 380, 0.3)
    scene.path((420, 1300), (770, 860), (52, 55, 62))
    scene.lamp(960, 850, 330)
    scene.lamp(1130, 985, 560)
    for x, y, size in ((640, 850, 170), (560, 930, 230), (420, 1050, 320), (200, 1190, 470)):
        scene.bush(x, y, size)
    scene.person(815, 850, 120)
    return scene.jpeg()


def dark_playground() -> bytes:
    """The same playground a year before: no lamp, and nobody there."""
    scene = Scene(3, (6, 9, 18), (20, 23, 33))
    scene.house(-60, 700, 560, 0.35, (18, 19, 26))
    scene.house(900, 760, 500, 0.3, (17, 19, 25))
    scene.box((0, GROUND, WIDTH, HEIGHT), (17, 18, 20))
    _swings(scene, (44, 20, 18), (56, 20, 18), (70, 70, 68))
    return scene.jpeg()


def playground() -> bytes:
    """The playground with new lamps: bright, and somebody there."""
    scene = Scene(3, (12, 18, 36), (52, 58, 80))
    scene.house(-60, 700, 560, 0.6, (36, 38, 50))
    scene.house(900, 760, 500, 0.55, (34, 37, 48))
    scene.box((0, GROUND, WIDTH, HEIGHT), (44, 46, 48))
    scene.lamp(300, 930, 600)
    scene.lamp(1320, 930, 600)
    scene.glow(800, 1000, 700, WARM, 0.35)
    _swings(scene, (120, 38, 34), (160, 52, 44), (210, 210, 205))
    scene.person(1180, 1040, 300, (14, 16, 22))
    scene.person(1250, 1046, 180, (14, 16, 22))
    scene.person(420, 1010, 270, (14, 16, 22))
    return scene.jpeg()


def _swings(scene: Scene, legs: Colour, beam: Colour, chains: Colour) -> None:
    for x in (560, 640, 960, 1040):
        scene.shape([(x, 620), (x + 14, 620), (x + 14 + (40 if x in (640, 1040) else -40), 1010),
                     (x + (40 if x in (640, 1040) else -40), 1010)], legs)  # fmt: skip
    scene.box((548, 612, 1066, 634), beam)
    for x in (700, 860):
        scene.box((x, 634, x + 4, 900), chains)
        scene.box((x + 60, 634, x + 64, 900), chains)
        scene.box((x - 6, 900, x + 72, 914), (24, 26, 30))


def bus_stop() -> bytes:
    """A shelter with one hard light, and dark all around it."""
    scene = Scene(4, (5, 8, 16), (18, 22, 34))
    scene.house(980, 520, 360, 0.15)
    scene.box((0, 900, WIDTH, HEIGHT), (30, 33, 39))
    scene.box((0, 884, WIDTH, 900), (70, 74, 80))
    scene.glow(560, 560, 620, COLD, 0.9)
    scene.box((300, 500, 860, 524), (70, 76, 86))
    scene.box((310, 524, 322, 890), (60, 66, 76))
    scene.box((838, 524, 850, 890), (60, 66, 76))
    scene.box((380, 530, 780, 546), (250, 252, 255))
    scene.box((360, 780, 800, 802), (96, 84, 66))
    scene.glow(580, 540, 260, (255, 255, 255), 0.9)
    scene.box((960, 560, 970, 890), (60, 66, 76))
    scene.box((930, 520, 1000, 600), (32, 84, 140))
    scene.person(470, 892, 290)
    scene.lamp(1350, 892, 420, is_lit=False)
    return scene.jpeg()


def square() -> bytes:
    """The square with lit shops and people."""
    scene = Scene(5, (14, 18, 34), (64, 62, 78))
    scene.house(-20, 560, 600, 0.5, (44, 42, 50))
    scene.house(560, 520, 520, 0.55, (38, 40, 50))
    scene.house(1090, 560, 620, 0.45, (42, 40, 48))
    scene.box((0, GROUND, WIDTH, HEIGHT), (58, 56, 56))
    for left, colour in ((60, (255, 214, 140)), (620, (250, 236, 200)), (1150, (255, 196, 120))):
        scene.box((left, 620, left + 380, GROUND), colour)
        scene.box((left, 590, left + 380, 622), (112, 44, 40) if left == 60 else (36, 70, 92))
        scene.box((left + 186, 620, left + 194, GROUND), (60, 56, 52))
        scene.glow(left + 190, 760, 420, colour, 0.5)
    scene.lamp(590, 1000, 520)
    scene.lamp(1110, 960, 460)
    for x, foot, height in ((300, 900, 210), (380, 905, 195), (820, 960, 260), (1240, 880, 190), (1310, 884, 150)):
        scene.person(x, foot, height, (20, 20, 26))
    return scene.jpeg()


def puddle() -> bytes:
    """Flagstones under water around a grating that nobody has cleaned, in the light of a lamp."""
    scene = _flagstones(7, 60)
    edge = [
        (0, 470),
        (360, 400),
        (820, 430),
        (1240, 380),
        (WIDTH, 440),
        (WIDTH, 930),
        (1080, 990),
        (420, 960),
        (0, 1010),
    ]
    scene.shape([*edge], (30, 36, 46))
    scene.glow(1120, 620, 520, WARM, 0.7)
    scene.glow(330, 700, 330, WARM, 0.35)
    for x, y in ((520, 640), (760, 560), (640, 780), (980, 700), (860, 840), (700, 690)):
        scene.shape([(x, y), (x + 46, y - 14), (x + 70, y + 10), (x + 20, y + 22)], (74, 52, 26))
    return scene.jpeg()


def drain() -> bytes:
    """The same grating, cleaned, by day: dry flagstones, and no water on them."""
    scene = _flagstones(6, 150)
    scene.box((540, 560, 1080, 900), (58, 60, 64))
    for x in range(570, 1040, 64):
        scene.box((x, 590, x + 34, 870), (12, 13, 15))
    scene.box((540, 724, 1080, 738), (66, 68, 72))
    scene.glow(560, 260, 900, (255, 232, 190), 0.35)
    return scene.jpeg()


def _flagstones(seed: int, light: int) -> Scene:
    """The ground from above, with a kerb; `light`: how bright a stone is, of 255."""
    scene = Scene(seed)
    scene.box((0, 0, WIDTH, HEIGHT), (light - 50, light - 48, light - 46))
    for row, y in enumerate(range(-40, HEIGHT, 150)):
        for x in range(-300 + row % 2 * 120, WIDTH, 240):
            shade = light + scene.chance.randint(-12, 14)
            scene.box((x, y, x + 232, y + 142), (shade, shade, shade - 4))
    scene.shape([(0, 930), (WIDTH, 900), (WIDTH, 960), (0, 990)], (light - 28, light - 28, light - 30))
    scene.shape([(0, 990), (WIDTH, 960), (WIDTH, HEIGHT), (0, HEIGHT)], (light // 2, light // 2 + 2, light // 2 + 6))
    return scene


SCENES: dict[str, Callable[[], bytes]] = {
    "tunnel": tunnel,
    "hedge": hedge,
    "playground": playground,
    "dark_playground": dark_playground,
    "bus_stop": bus_stop,
    "square": square,
    "puddle": puddle,
    "drain": drain,
}
