// Every word the page says, in both languages.
export const WORDS = {
  en: {
    language: "中文", settings: "Settings", newChat: "New chat", temperature: "Temperature", maxTokens: "Max. tokens",
    system: "System prompt", systemHint: "the model's own", apiKey: "API key", apiKeyHint: "if the server wants one",
    thinking: "Think first", welcome: "Ask away", send: "Send", stop: "Stop",
    welcomeText: "This page talks to a language model that runs on your own machine. Small models make mistakes: check what matters.",
    placeholder: "Write a message", hint: "Enter sends · Shift+Enter: new line · Esc stops · Alt+N: new chat",
    thought: "Reasoning", call: "wants to call", stopped: "stopped", cut: "cut off at the token limit", speed: (n, rate) => `${n} tokens · ${rate} tokens/s`,
    empty: "The model answered with nothing.", unreachable: "The server cannot be reached. Is it still running?",
    broken: "The connection broke off before the answer was complete.",
    problems: {
      401: "The server wants an API key: put it into the settings.", 429: "The server is busy. Try again in a moment.",
      503: "The server is shutting down.", context_length_exceeded: "This conversation is too long for the model. Start a new chat.",
    },
    suggestions: ["Which one is bigger, 9.11 or 9.9?", "What can you do?", "What is the capital of France?"],
  },
  zh: {
    language: "English", settings: "设置", newChat: "新对话", temperature: "温度", maxTokens: "最多词元数",
    system: "系统提示", systemHint: "使用模型自带的提示", apiKey: "API 密钥", apiKeyHint: "服务器需要时填写",
    thinking: "先思考再回答", welcome: "有什么想问的？", send: "发送", stop: "停止",
    welcomeText: "这个页面与运行在你自己电脑上的语言模型对话。小模型会出错，重要的内容请自行核对。",
    placeholder: "输入消息", hint: "回车发送 · Shift+回车换行 · Esc 停止 · Alt+N 新对话",
    thought: "思考过程", call: "想要调用", stopped: "已停止", cut: "达到词元上限，回答被截断", speed: (n, rate) => `${n} 个词元 · ${rate} 词元/秒`,
    empty: "模型没有给出任何内容。", unreachable: "无法连接服务器。它还在运行吗？",
    broken: "回答还没结束，连接就断开了。",
    problems: {
      401: "服务器需要 API 密钥：请在设置中填写。", 429: "服务器正忙，请稍后再试。",
      503: "服务器正在关闭。", context_length_exceeded: "对话太长，超出了模型的上下文。请开始新对话。",
    },
    suggestions: ["9.11 和 9.9 哪个更大？", "你能做什么？", "法国的首都是哪里？"],
  },
};

export function firstLanguage() {
  const kept = localStorage.getItem("joyflash.language");
  if (kept in WORDS) return kept;
  return (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";
}
