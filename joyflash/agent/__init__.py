"""A model that uses tools: a loop against any OpenAI-compatible server, tools, MCP servers, a chat for the terminal."""

from joyflash.agent.client import ChatClient, Reply
from joyflash.agent.loop import Agent, Budget, Outcome
from joyflash.agent.tools import Tool, ToolError

__all__ = ["Agent", "Budget", "ChatClient", "Outcome", "Reply", "Tool", "ToolError"]
