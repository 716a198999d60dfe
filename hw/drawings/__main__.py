"""`python -m hw.drawings`: write the drawings and the parts' page anew."""

from hw.drawings.pages import PAGES, write_all

if __name__ == "__main__":
    write_all()
    print("\n".join(PAGES))  # noqa: T201  a command says what it wrote
