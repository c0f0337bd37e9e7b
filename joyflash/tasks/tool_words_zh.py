# ruff: noqa: E501 (tables of phrases read best one idea a line)
"""Chinese words for argument values, for invented tools, and small talk that needs no tool."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_LISTS = {
    "person": "小明 小红 张伟 李娜 王芳 刘洋 陈静 杨帆 赵强 周敏 吴磊 郑爽 孙悦 马超 朱琳 胡杰 林涛 何欣 高翔 罗兰 梁博 宋佳 唐宁 许诺 韩雪 冯刚 老王 老李 小张 小陈 王经理 李老师 张医生 妈妈 爸爸 Tom Anna",
    "city": "北京 上海 广州 深圳 杭州 南京 苏州 成都 重庆 武汉 西安 天津 青岛 大连 厦门 长沙 郑州 昆明 合肥 福州 济南 沈阳 哈尔滨 长春 石家庄 太原 南昌 贵阳 南宁 海口 兰州 西宁 银川 拉萨 乌鲁木齐 香港 澳门 台北 宁波 无锡 东京 巴黎 伦敦 纽约 柏林 罗马 首尔 曼谷 莫斯科 悉尼",
    "country": "法国 德国 日本 韩国 美国 英国 意大利 西班牙 巴西 印度 泰国 越南 埃及 加拿大 墨西哥 俄罗斯 澳大利亚",
    "language": "英语 法语 德语 日语 韩语 俄语 西班牙语 意大利语 葡萄牙语 泰语 越南语 阿拉伯语 拉丁语 粤语 中文 希腊语 荷兰语",
    "currency": "人民币 美元 欧元 日元 英镑 港币 韩元 泰铢 卢布 澳元 加元 USD EUR JPY CNY GBP HKD 瑞士法郎 新加坡元 卢比",
    "stock": "茅台 平安 比亚迪 宁德时代 AAPL TSLA MSFT NVDA 600519 000001 中国移动 工商银行 美的 格力 中石油 万科 BABA PDD",
    "company": "华星 东方 长城 海河 北辰 星光 飞鹰 雄狮 猛虎 蓝天 红星 绿城 山海 河豚 金牛 白鹭",
    "room": "客厅 卧室 厨房 书房 浴室 阳台 车库 走廊 餐厅 儿童房 主卧 次卧 办公室 地下室 门厅 储藏室 洗手间",
    "product": "笔记本电脑 手机 耳机 台灯 水壶 相机 背包 外套 运动鞋 自行车 帐篷 手表 键盘 显示器 打印机 沙发 镜子 毛毯 雨伞 吉他 电饭锅 牙刷 枕头",
    "food": "米饭 面条 饺子 包子 苹果 香蕉 鸡肉 牛肉 豆腐 鸡蛋 牛奶 土豆 西红柿 白菜 鱼 虾 火锅 披萨 汉堡 粽子 月饼 酸奶 红烧肉 宫保鸡丁 麻婆豆腐 炒饭",
    "weekday": "周一 周二 周三 周四 周五 周六 周日",
    "animal": "狗 猫 马 兔子 鹦鹉 乌龟 山羊 绵羊 奶牛 鸭子 猫头鹰 狐狸 熊 狼 海豚 鲸鱼 老鹰 蜥蜴",
    "unit": "公里 米 厘米 英里 英尺 英寸 公斤 克 斤 两 磅 盎司 升 毫升 加仑 摄氏度 华氏度 小时 分钟 秒 亩 公顷 平方米",
    "color": "红色 蓝色 绿色 黄色 紫色 橙色 粉色 白色 暖黄 天蓝 浅绿 米色 金色 淡紫",
    "sport": "足球 篮球 网球 乒乓球 羽毛球 排球 游泳 跑步 高尔夫 滑雪",
    "genre": "爵士 摇滚 流行 古典 民谣 喜剧 悬疑 科幻 爱情 动画",
    "sky": "晴 多云 阴 小雨 大雨 大风 有雾 小雪 雷阵雨 阵雨",
    "month": "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
    "verb": "压缩 加密 解密 排序 合并 拆分 打包 归档 审核 发布 备份 恢复 翻转 裁剪 打印 扫描 标记 登记 锁定 解锁 转换 格式化 校验 导出 导入 同步 清理 冻结 评分 分类 签名 注册 注销 上传 下载 检测 测量 渲染 分析 批准",
    "noun": "价格 颜色 编号 重量 高度 长度 面积 状态 等级 负责人 作者 地址 日期 库存 评分 类别 密度 温度 速度 余额 容量 排名 产地 版本 主人 标签 部门 序号 频率 利率 邮编 口味 材质 有效期 大小 体积 电量 人口 海拔 票价 工资 首字母 代码 生日 国籍 学历 职位",
    "thing": "商品 城市 员工 订单 文件 用户 房间 设备 书 图片 项目 车辆 学生 客户 包裹 账户 零件 动物 植物 星星 街道 仓库 航班 电影 歌曲 药品 课程 矿石 桥 船 合同 发票 传感器 网站 词语 号码 数字 名字 样品 桌子 盒子 门 树 湖",
    "calc_name": "calculator jisuan calculate calc math compute jisuanqi evaluate solve suanshu eval_expression math_eval qiuzhi do_math arithmetic yunsuan solver simple_calc compute_expression number_cruncher calculate_expression kousuan biaodashi_qiuzhi",
    "calc_argument": "expression expr formula suanshi equation input biaodashi query text sum shizi calculation math problem question value exp eq gongshi neirong",
}
_PHRASES = {
    "artist": "周杰伦|邓丽君|王菲|陈奕迅|李宗盛|贝多芬|莫扎特|五月天|孙燕姿|张学友|罗大佑|崔健|林俊杰|肖邦|那英|朴树",
    "title": "红楼梦|西游记|活着|围城|边城|茶馆|三体|平凡的世界|呐喊|城南旧事|小王子|老人与海|月亮河|夜航|长夜灯火|蓝色星球|远山|冬日之光",
    "restaurant": "金筷子|老北京饭庄|蓝莲花|川味轩|海底渔家|外婆小厨|绿叶素食|红灯笼|竹林小馆|四季酒楼|好运来|江南春",
    "street": "中山路12号|人民大街45号|解放路7号|长江路301号|文化街88号|和平里16号|建设路23号|花园街5号|学院路140号|湖滨路9号",
    "topic": "黑洞|电动汽车|太阳能|古罗马|机器学习|珊瑚礁|候鸟|股市|气候变化|围棋|量子计算|火山|茶道|天文望远镜|马拉松训练|活字印刷|蜜蜂|丝绸之路|人工智能|航天",
    "task": "浇花|给牙医打电话|交房租|买牛奶|喂猫|交报告|倒垃圾|理发|续护照|寄发票|接孩子|给车充电|还书|遛狗|取票|吃药|洗衣服|开会|拿快递|锻炼",
    "event": "部门会议|看牙医|和小李吃饭|瑜伽课|项目评审|家长会|董事会|钢琴课|面试|生日聚餐|读书会|预算会|产品演示|年检|合唱排练|晨会",
    "place": "机场|火车站|博物馆|中央公园|码头|图书馆|市政府|动物园|大学|体育馆|歌剧院|北门|万达广场|人民医院|科技园|老城区",
    "service": "nginx|postgres|redis|支付|登录|账单|搜索|邮件|前端|网关|调度|kafka|报表|上传",
    "symptom": "头疼|发烧|咳嗽|嗓子疼|腰疼|头晕|皮疹|恶心|耳朵疼|失眠|牙疼|肚子疼",
}

WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {kind: tuple(text.split()) for kind, text in _LISTS.items()}
    | {kind: tuple(text.split("|")) for kind, text in _PHRASES.items()}
)
