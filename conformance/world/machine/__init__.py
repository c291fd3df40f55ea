"""What a world is made with on this machine: packages, programs, the Docker Engine, folders."""
