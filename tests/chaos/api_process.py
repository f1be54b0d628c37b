"""The API of this suite: that of the product, with fault points around its collaborators."""

from api.__main__ import main
from tests.chaos.wrapping import API_STEPS, install

if __name__ == "__main__":
    install(API_STEPS, with_plug_ins=False)
    main()
