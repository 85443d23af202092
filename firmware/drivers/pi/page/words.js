/** The kiosk's words in both languages. What was not known when it was written is not promised. */

/** @typedef {"zh" | "en"} Language */

/** @type {Record<string, [string, string]>} */
export const WORDS = {
  other_language: ["English", "中文"],
  choose: ["请选择要办理的业务", "What would you like to do?"],
  choose_more: ["轻点一下，票从下方出来", "One touch, and your ticket comes out below"],
  ahead: ["人等候", "waiting"],
  nobody_ahead: ["无需等候", "No wait"],
  ask_desk: ["需要帮助？请到咨询台", "Need help? Please ask at the desk"],
  paper_low: ["打印纸将用完", "Paper is running low"],
  asking: ["正在取号", "One moment"],
  asking_more: ["请稍候…", "Getting your number…"],
  printing: ["您的号码", "Your number"],
  printing_more: ["正在打印…", "Printing…"],
  printed: ["您的号码", "Your number"],
  printed_more: ["请在下方取票", "Take your ticket below"],
  another: ["继续取号", "Take another"],
  paper_out: ["打印纸用完了", "Out of paper"],
  cover_open: ["打印机盖没有合上", "The printer is open"],
  cutter: ["打印机卡住了", "The printer is stuck"],
  printer_offline: ["打印机没有回应", "The printer does not answer"],
  to_desk: ["请到咨询台取号", "Please get your ticket at the desk"],
  is_safe: ["您的号码已取好，打印机恢复后会打印：", "Your number is kept and prints when this is mended:"],
  offline: ["暂停取号", "No tickets just now"],
  offline_more: [
    "取号机与大厅系统的连接断开，请到咨询台取号",
    "The kiosk is cut off from the hall. Please get your ticket at the desk",
  ],
  reserve_more: [
    "与大厅系统的连接断开，仍可取号：位置有效，恢复后自动排队",
    "Cut off from the hall, tickets go on: your number counts and keeps its place",
  ],
  reserve_count: ["备用号", "Reserve number"],
  identify_more: ["这台取号机的节点名", "The name of this kiosk's node"],
  closed: ["现在不取号", "Closed"],
  closed_more: ["请留意大厅的服务时间", "Please see the opening hours of the hall"],
  refused: ["没有取到号", "That did not work"],
  refused_more: ["请再试一次", "Please try again"],
  why_printer: ["打印机现在不能打印", "The printer can not print now"],
  why_stale: ["这次触摸没有及时送到，请再试一次", "Your touch came too late. Please try again"],
  why_numbers_exhausted: ["这项业务今天的号已发完", "All numbers of this service are given out today"],
  gone: ["取号机正在恢复", "The kiosk is coming back"],
  gone_more: ["请稍候，或到咨询台取号", "Please wait, or get your ticket at the desk"],
  starting: ["正在启动…", "Starting…"],
};

/** @type {Language} */
let language = "zh";

/** @param {Language} next */
export function setLanguage(next) {
  language = next;
  document.documentElement.lang = next === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = t(element.getAttribute("data-word") || "");
  }
}

/** @returns {Language} */
export function currentLanguage() {
  return language;
}

/**
 * @param {string} key
 * @returns {string}
 */
export function t(key) {
  const pair = WORDS[key];
  if (!pair) throw new Error(`no words for ${key}`);
  return pair[language === "zh" ? 0 : 1];
}
