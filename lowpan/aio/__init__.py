"""The floor with a clock: engines and radios on asyncio, and the bridges to code without it."""
