"""``python -m sdtm_il2`` is the command ``sdtm-il2``."""

from sdtm_il2.cli import main

if __name__ == "__main__":
    main(prog_name="sdtm-il2")
