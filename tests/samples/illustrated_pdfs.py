"""PDF files with pictures."""

import io

from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas


def illustrated(pictures: int) -> bytes:
    """A PDF with text and different pictures, each with as many bands of ink as its number and one more."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for number in range(pictures):
        picture = Image.new("RGB", (300, 200), "white")
        for band in range(number + 1):
            ImageDraw.Draw(picture).rectangle((20, 10 + 30 * band, 200, 25 + 30 * band), fill="black")
        canvas.setFont("Helvetica", 11)
        canvas.drawString(72, 780, f"Page {number + 1} says in a few words what its picture shows.")
        canvas.drawImage(ImageReader(picture), 72, 500, width=300, height=200)
        canvas.drawString(72, 480, f"Figure {number + 1}. Bands of ink.")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()
