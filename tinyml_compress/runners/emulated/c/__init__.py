"""C of the bare-metal firmware and of the hooks inside the emulator."""
