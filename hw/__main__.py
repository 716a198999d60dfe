from hw.cli import main

main()
