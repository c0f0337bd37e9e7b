"""What fits on which hardware, how fast at the limit, and which command starts it."""

from joyflash.plan.estimate import Plan, plan
from joyflash.plan.launch import Launch, LaunchSettings, launch
from joyflash.plan.render import as_dict, render

__all__ = ["Launch", "LaunchSettings", "Plan", "as_dict", "launch", "plan", "render"]
