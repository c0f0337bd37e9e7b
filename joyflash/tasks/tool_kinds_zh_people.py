"""Chinese real tools around people, school, free time, health and words, asked for the way people really write."""

from __future__ import annotations

PEOPLE_TOOLS_ZH = """
tool birthdays: get_birthday lookup_birthday shengri chaxun_shengri when_born
about: [查询|返回]某人的生日。
about: Looks up a person's date of birth.
name = person ; name person xingming who ; 姓名
order: [查查|翻翻]{name}[哪天过生日|是几月几号生的]
order: [告诉我|提醒一下我]{name}的[生日是哪天|出生日期]
ask: {name}[是几号的寿星|几月生的|什么时候吹蜡烛]
ask: {name}[今年哪天又长一岁|的好日子是几号]
note: 想提前给{name}[订蛋糕|备份礼物]，[死活想不起日子|日子记混了]
note: 去年忘了祝福{name}，[被念叨了一年|今年可不能再错过]，[到底是哪天来着|那天是几号]
note: 填表要写{name}是[哪年哪月|什么时候]出生的，[我哪记得住|我答不上来]
note: {name}生日
gives: birthday = date
reply: {name}的生日是{birthday}。

tool birthdays: save_birthday add_birthday jilu_shengri remember_birthday baocun_shengri
about: 记下[某人|朋友]的生日。
about: 保存生日
name = person ; name person xingming who ; 姓名
date = date ; date shengri birthday when ; 生日
order: 把{name}的生日[存成|记成|登记为]{date}
order: [记住|存好]{name}是{date}[生的|出生的|过生日]
ask: 能[存|记]一下{name}是{date}[生的|过生日]吗
note: {name}说自己{date}[满三十|请大家吃蛋糕]，[替我存好日子|以后年年都要祝贺]
note: 新来的{name}原来是{date}出生的，[存一下免得失礼|替我留个底]
note: {name}，{date}[出生|生的]，[存档|登记]
note: 刚问到{name}[属相和日子|的好日子]，{date}，[别再让我忘一次|帮我收进名册]
note: {name}生日={date}
gives: status = enum:已保存,已记录,成功
reply: {name}的生日{date}：{status}。

tool birthdays: days_until countdown_days hai_you_jitian days_left daojishi_tianshu
about: [计算|返回]离某一天还有几天。
about: 日期倒数
date = date ; date mubiao_ri target riqi ; 目标日期
order: [数数|算算]到{date}还[有几天|剩多少天]
order: [看看|数一下]离{date}还要[睡几觉|等几天]
ask: {date}[还有多久才到|离现在几天]
ask: 距离{date}还[有多少天|剩几天准备]
note: {date}[就要交稿|考研]，[心里没底，还能熬几天|我还能拖几天]
note: 孩子天天问{date}[还要等几天|怎么还没来]
note: 婚礼定在{date}，[想在墙上写还剩几天|请柬还没发，时间还够不够]
note: {date}倒数
gives: days = integer:1-365
reply: 离{date}还有{days}天。

tool zodiac: chinese_zodiac shengxiao shuxiang zodiac_animal year_animal
about: [返回|查询]某年出生的人的生肖。
about: Chinese zodiac animal of a birth year.
year = integer:1935-2025 ; year nianfen birth_year ; 出生年份
order: [查查|看看]{year}年[生的|出生的人]属什么
order: [告诉我|说说]{year}年是[什么年，龙年还是蛇年|哪个属相]
ask: {year}年[生的人属啥|是马年还是羊年|出生的属什么]
ask: 我是{year}年的，[今年算本命年吗，我属什么|是哪个动物]
note: 表弟{year}年生，[奶奶要给他买个小金牌，上面刻哪个动物|要挂什么动物的吊坠]
note: 公司发本命年红袜子，我{year}年的，[不知道轮没轮上|自己是哪个动物都忘了]
note: 相亲对象{year}年，[我妈非问合不合|她属老虎还是兔子来着]
note: {year}属相
gives: animal = enum:鼠,牛,虎,兔,龙,蛇,马,羊,猴,鸡,狗,猪
reply: {year}年出生属{animal}。

tool zodiac: star_sign xingzuo horoscope_sign chaxun_xingzuo which_sign
about: 按出生日期[返回|判断]星座。
about: 西方十二星座
date = date ; date shengri birthday riqi ; 出生日期
order: [看看|查查]{date}[出生的人是什么座|生的是狮子还是处女]
order: [说说|算算]{date}[落在哪个座|属于十二座里的哪个]
ask: {date}[生的是白羊还是金牛|是什么座|算摩羯吗]
ask: 生在{date}的人[是哪个座|会不会是双鱼]
note: 她{date}生的，[我猜是天蝎，又怕说错|聊天想找个话题，是射手吧]
note: {date}[刚好卡在交界上|夹在两个座中间]，[我到底算哪一个|一直没弄清]
note: 宝宝{date}落地，[小姨最爱研究这个，是水瓶不|是双子还是巨蟹]
note: {date}什么座
gives: sign = enum:白羊座,金牛座,双子座,巨蟹座,狮子座,处女座,天秤座,天蝎座,射手座,摩羯座,水瓶座,双鱼座
reply: {date}是{sign}。

tool people: block_contact lahei block_number heimingdan pingbi_lianxiren
about: 把某人拉进黑名单，不再接收其来电和消息。
about: Blocks a contact so that calls and messages no longer come through.
name = person ; name person who lianxiren ; 姓名
order: [拉黑|屏蔽]{name}
order: [别让|不许]{name}再[打进来|联系到我]
ask: 怎样才能让{name}[再也骚扰不到我|从此打不进来]
note: {name}[半夜三更老打来|天天推销贷款]，[烦死了，以后别让这人找到我|再也不想听见]
note: 跟{name}[分手了|闹翻了]，[消息一律不收|我不想再看到任何来信]
note: {name}[借钱不还还骂人|是个骗子]，[从此断绝往来|号码封掉]
note: {name}又在[发广告|刷屏]，[让这家伙闭嘴|我不想再受这个罪]
note: {name}，拉黑
gives: status = enum:已拉黑,已屏蔽,成功
reply: {name}：{status}。

tool people: update_contact_number change_phone huanhao genggai_haoma edit_contact
about: 更新通讯录里已有联系人的号码。
about: 联系人换号
name = person ; name person xingming who ; 姓名
phone = phone ; phone xin_haoma number new_number ; 新号码
order: 把{name}的[老号|旧号码][换成|改为]{phone}
order: [更新|改一下]{name}的[手机|号码]，[现在是|新的是]{phone}
ask: 能把{name}的旧号[换成|改成]{phone}吗
note: {name}[换手机了|去外地办了新卡]，[以后打|改用]{phone}
note: {name}原先那个号[停机了|打不通了]，[新的|现在用的]是{phone}
note: 群里{name}通知大家，{phone}[才是现在的号|替掉之前那个]
note: 存错了，{name}应该是{phone}，[之前少一位|原来那串是错的]
note: {name}改{phone}
gives: status = enum:已更新,已修改,成功
reply: {name}的号码改为{phone}（{status}）。

tool messages: unread_messages check_messages weidu_xiaoxi new_messages kan_xiaoxi
about: [查看|列出]某人发来的未读消息。
about: Shows the unread messages from a person.
name = person ; name person from faxinren ; 发信人
order: [看看|念念]{name}[给我发了什么|有什么话留给我]
order: [查查|翻一下]{name}[回我没有|有没有找过我]
ask: {name}[回复了吗|说什么了|给我留言没]
ask: 我开会的时候{name}[来过信儿吗|有没有发东西过来]
note: 手机静音了一上午，[怕漏掉|不知道错过没有]{name}的[什么话|急事]
note: 在开车[没法看屏幕|腾不出手]，{name}那边[有动静吗|刚才响的是不是]
note: 等{name}的答复等得心焦，[到底来没来|有信了没]
note: {name}的未读
gives: count = integer:1-20 ; last = text
reply: {name}发来{count}条，最后一条：{last}。

tool messages: recall_message unsend_message chehui undo_message chehui_xiaoxi
about: 撤回刚发给某人的消息。
about: 消息撤回
name = person ; name person to shouxinren ; 收信人
order: [撤回|收回]刚刚发给{name}的[话|那条]
order: 把[刚才|方才]发到{name}那儿的[撤了|收回来]
ask: 刚给{name}发的那[句|条]还[撤得回来|收得回]吗
note: 糟了，[骂人的话|工资条]发到{name}那里去了，[趁还没看快弄掉|别让对方看见]
note: [发错人了|手滑了]，{name}[那条不算|千万不能看到]
note: 打了一堆错别字就给{name}[发过去了|点出去了]，[想抹掉|让它消失]
note: 本来是给老婆的，结果[到了|进了]{name}那边，[尴尬死了，收回来|快点抹掉]
note: {name}，撤回
gives: status = enum:已撤回,成功,已超时
reply: 给{name}的消息：{status}。

tool messages: schedule_message dingshi_xiaoxi send_later delayed_message yuyue_fasong
about: 定时给某人发消息，到点才发出。
about: Sends a message later, at a set time.
name = person ; name person to shouxinren ; 收信人
text = text ; text neirong body content ; 消息内容
time = time ; time shijian when at ; 什么时候发
order: {time}再给{name}发{text}
order: [等到|到了]{time}[替我把|把]{text}[发给|传给]{name}
ask: 能[等|拖]到{time}再[告诉|发给]{name}{text}吗
note: 现在说太早，{time}[让|叫]{name}看到这句：{text}
note: 怕自己忙忘了，{time}[自动|准时]给{name}[发|去]一条{text}
note: {name}这会儿在睡觉，{time}[再说|再传过去]：{text}
note: 定时 {time} {name}：{text}
note: 写好先放着，{time}才[发出|送]给{name}，[正文是|内容：]{text}
gives: message_id = id
reply: 给{name}的消息将在{time}发出（{message_id}）。

tool calendar: reschedule_event gaiqi move_event postpone richeng_gaiqi
about: 把日历里已有的日程改到另一天。
about: Moves an existing event to another day.
title = event ; title event richeng name ; 日程名称
date = date ; date xin_riqi new_date to ; 新日期
order: 把{title}[挪到|推到|改在]{date}
order: [调整|改]一下{title}，[换到|放到]{date}
ask: {title}能[推到|改成]{date}吗
note: 原定的{title}[跟出差撞了|时间不行了]，[换|改]{date}
note: 大家都[没空|请假了]，{title}[顺延|往后]到{date}
note: 对方[临时有事|航班晚了]，{title}[只能等|拖到]{date}[再办|]
note: {title}提前了，[不等了，就|新日子是]{date}
note: {title}→{date}，改期
gives: status = enum:已改期,已更新,成功
reply: {title}改到{date}（{status}）。

tool calendar: find_free_time free_slots kongxian availability shenme_shihou_youkong
about: 查某人某天什么时候有空。
about: 空闲时间查询
name = person ; name person who xingming ; 姓名
date = date ; date riqi day ; 哪一天
order: [看看|问问]{name}{date}[几点有空|哪段闲着]
order: [找找|对一下]{date}{name}[能抽出身的|不忙的]时候
ask: {name}{date}[什么时候方便|哪个钟点空着]
ask: {date}几点[约|找]{name}[合适|不会打扰到人]
note: 想{date}请{name}[喝杯咖啡|谈半小时]，[哪会儿能逮到人|插得进去吗，几点]
note: {name}整天泡在会里，{date}[有没有缝可钻|哪一段抽得开身]
note: {date}要跟{name}碰个头，[不想硬闯|得挑人家闲的时候]
note: {name} {date} 空档
gives: free = time
reply: {name}{date}{free}有空。

tool calendar: invite_to_event yaoqing invite_guest add_attendee canhui_yaoqing
about: 邀请某人参加日历里的[日程|活动]。
about: Adds a guest to an event and sends the invitation.
name = person ; name guest attendee who ; 被邀请人
title = event ; title event richeng activity ; 日程名称
order: [邀请|叫上]{name}[参加|来]{title}
order: 把{name}[拉进|加到]{title}的[名单里|与会者里]
ask: {title}能不能[也叫上|带上]{name}
note: {title}[怎么能少了|漏了]{name}，[一起喊来|补一份请帖]
note: {name}也想[旁听|凑热闹]{title}，[给发个通知|让人家也来]
note: {title}还差一个人，[喊|请]{name}来
note: 老板说{title}要有{name}在场，[去通知一声|把请柬发了]
note: {title}加{name}
gives: status = enum:已邀请,已发送,待回复
reply: {name}参加{title}：{status}。

tool clocks: delete_alarm cancel_alarm shanchu_naozhong turn_off_alarm guan_naozhong
about: [删除|关掉]某个时间的闹钟。
about: Removes an alarm so that it will not ring.
time = time ; time shijian naozhong at ; 闹钟时间
order: [关掉|删了|取消]{time}[那个|的]闹钟
order: 让{time}[那个|的铃]别[响了|吵我]
ask: {time}[那个铃|的闹钟]能[关了|不响]吗
note: 明天不上班，{time}[那个不用响|别把我吵醒]
note: 想睡到自然醒，{time}的[铃停掉|响铃去掉]
note: 航班取消了，{time}[不必爬起来了|那个铃可以省了]
note: 老公会喊我，{time}[的铃声多余|那个不需要了]
note: {time}闹钟不要了
gives: status = enum:已删除,已关闭,成功
reply: {time}的闹钟：{status}。

tool tasks: complete_task mark_done wancheng_renwu finish_todo check_off
about: 把待办里的一项标为已完成。
about: 勾掉[一项|]任务
task = task ; task item renwu shixiang ; 任务
order: 把{task}[勾掉|划掉|标成做完了]
order: [划去|打勾]{task}这[一项|条]
ask: {task}能[打上勾|划掉]了吗，[我弄好了|已经办妥]
note: {task}[搞定了|刚弄完]，[单子上可以去掉|别再催我]
note: 累死了，{task}[总算办妥|终于弄好了]
note: {task}早上就[办了|做掉了]，[怎么还挂在那里|名单里还留着]
note: 刚刚已经{task}了，[记为完成|这条结了]
note: ✓ {task}
gives: remaining = integer:1-25
reply: {task}已完成，还剩{remaining}项。

tool notes: search_notes find_note cha_biji sousuo_beiwang lookup_memo
about: 在自己的笔记里[搜索|查找]关键词。
about: Finds a keyword in the user's own notes.
keyword = word ; keyword guanjianci word query ; 关键词
order: [翻翻|找找]我[以前写的|记过的]{keyword}
order: 在我的[本子|备忘录]里[搜|查]{keyword}
ask: 我[以前|上个月]记过{keyword}[没有|吗]
ask: 我写下的东西里[哪条提到|有没有提过]{keyword}
note: 记得随手写过{keyword}，[就是翻不到|死活找不着那条]
note: 开会时我写下了几句关于{keyword}的，[在哪一页来着|调出来看看]
note: 我自己的备忘里应该有{keyword}，[翻出来|拿给我]
note: 笔记里的{keyword}
gives: note = text
reply: 提到{keyword}的笔记：{note}。

tool school: get_grades exam_scores chengji chaxun_fenshu student_grade
about: [查询|返回]学生的考试成绩。
about: Exam marks of a student in one subject.
student = person ; student xuesheng name who ; 学生姓名
subject = enum:语文,数学,英语,物理,化学,历史,生物 ; subject kemu course ; 科目
order: [查查|看看]{student}的{subject}[考了多少|几分]
order: [告诉我|报一下]{student}{subject}[考得怎么样|及没及格]
ask: {student}{subject}[几分|及格了吗|考砸了没有]
ask: {student}这回{subject}[有进步吗，多少分|上九十了没]
note: {student}说{subject}[发挥得不错|题很难]，[我不太信，看看分|到底多少]
note: 家长会前想弄清{student}的{subject}，[卷子被藏起来了|回家一句都不提]
note: 补了半年课，{student}的{subject}[有没有起色，卷面多少|该见效了吧]
note: {student} {subject} 分数
gives: score = integer:35-100
reply: {student}的{subject}是{score}分。

tool school: class_timetable kebiao get_schedule_of_classes kecheng_biao lessons_on
about: [查询|返回]星期几的课程表。
about: 课表
day = enum:周一,周二,周三,周四,周五,周六,周日 ; day xingqi weekday ; 星期几
order: [看看|查查]{day}[上什么课|第一节是什么]
order: [列出|报一下]{day}的[课|课程安排]
ask: {day}[有体育课吗|都有哪些课|第一节上什么]
ask: {day}[要带什么课本，有哪几门|最早那节是什么]
note: 收拾书包，{day}[该装哪几本|要不要带画笔，都学什么]
note: {day}想晚点去学校，[第一节是不是班主任的|就怕头一节要点名]
note: 小孩问{day}用不用穿运动鞋，[操场有没有他们班|有没有要跑步的]
note: {day}课表
gives: first_lesson = enum:语文,数学,英语,体育,美术,音乐 ; lessons = integer:4-8
reply: {day}共{lessons}节，第一节是{first_lesson}。

tool school: list_homework zuoye get_assignments jintian_zuoye homework_today
about: [查询|列出]某一科老师布置了什么作业。
about: Lists the homework set in a subject.
subject = enum:语文,数学,英语,物理,化学,历史,地理 ; subject kemu course ; 科目
date? = date ; date riqi day ; 哪天布置的 ; ，{}[留的|布置的]
order: [看看|问问]{subject}[老师留了什么|要写哪些]
order: [查查|列一下]{subject}[回家要做的题|今晚的任务]
ask: {subject}[留的是哪几页|要背什么|有没有要交的]
ask: {subject}老师[布置了啥|让回家做什么]
note: 孩子请了病假，{subject}[落下了什么要补|今晚该写哪些]
note: 我家那位说{subject}[今天什么都没有|没东西要写]，[我可不信|核实一下]
note: 没抄下来{subject}的[题目|要求]，[群里也没人回|明天要收]
note: {subject}作业
gives: pages = integer:1-90 ; due = date
reply: {subject}作业是第{pages}页，{due}交。

tool school: submit_homework jiao_zuoye hand_in upload_assignment tijiao_zuoye
about: 把作业文件交给老师。
about: 提交作业
file = file ; file wenjian path attachment ; 作业文件
subject = enum:语文,数学,英语,物理,化学,历史,地理 ; subject kemu course ; 科目
order: 把{file}[交到|提交到]{subject}[老师那里|那门课]
order: [上交|递交]{subject}的{file}
ask: {subject}的{file}现在[交|递上去]还[来得及|算准时]吗
note: {subject}[终于写完了|赶出来了]，[东西是|在]{file}，[给老师送去|赶在截止前递上去]
note: 十二点截止，{file}，{subject}，[快递上去|别迟到]
note: {subject}老师在催，{file}[发过去算数|就是我的]
note: {file}是我{subject}的[小论文|答卷]，[投进去|给老师批]
note: 交{subject}：{file}
gives: receipt = id
reply: {subject}作业{file}已提交，回执{receipt}。

tool library: renew_book xujie extend_loan tushu_xujie renew_loan
about: 续借[已借的|手里的]图书。
about: Extends the loan of a book that is already borrowed.
title = title ; title shuming book name ; 书名
order: [续借|再借一个月]《{title}》
order: 把《{title}》的[还书日期往后推|借期延长]
ask: 《{title}》[能晚点还吗|还可以多留几天吗]
note: 《{title}》才看了一半，[后天就到期|图书馆催了]，[再给我些日子|想多留一阵]
note: 《{title}》[快超期了，不想交罚款|还没看完就到日子了]
note: 在外地回不去，手上这本《{title}》[还不上|没法按时送回]，[宽限一下|往后拖拖]
note: 女儿舍不得《{title}》，[想再翻一遍|让它在家多待几周]
note: 续《{title}》
gives: due = date
reply: 《{title}》续借到{due}。

tool library: reserve_book yuyue_tushu hold_book book_hold yuyue_jieshu
about: 预约被别人借走的图书，还回来时留给我。
about: 图书预约
title = title ; title shuming book name ; 书名
order: [预约|排队借]《{title}》
order: 等《{title}》[还回来|有人还了][留给我|给我留着]
ask: 《{title}》[借光了，能排上吗|现在都在别人手里，可以给我留一本吗]
note: 跑了两趟《{title}》[都被借走了|架上都是空的]，[回来了给我扣下|下一个轮到我吧]
note: 《{title}》[还在别人手里|要等]，[我愿意等|把我加到后面]
note: 读书会下月读《{title}》，[馆里一本不剩|总是慢人一步]，[一有就给我留着|先替我占上]
note: 想看《{title}》，[不急，等上一位看完|等前面的人送回来]
note: 预约《{title}》
gives: position = integer:1-15
reply: 《{title}》已预约，排在第{position}位。

tool media: cinema_showtimes yingyuan_paiqi movie_times dianying_changci showtimes
about: [查询|返回]电影在影院的放映场次。
about: At what time a film is shown in the cinema.
title = title ; title film dianying pianming ; 片名
date? = date ; date riqi day ; 哪天看 ; ，[想|打算]{}去
order: [查查|看看]《{title}》[有几点的场|今晚几点放]
order: [找找|列出]《{title}》[晚上的|最近的]场次
ask: 《{title}》[几点开演|还有夜场吗|在哪个点放]
ask: 《{title}》[最早一场是几点|下映了没，还有什么场]
note: 下班赶去看《{title}》，[六点半以后还有吗|几点的能赶上]
note: 带爸妈看《{title}》，[太晚他们熬不住|要挑个下午的]
note: 商场逛累了想进去看《{title}》，[下一次开始是几点|等多久能进]
note: 《{title}》排片
gives: cinema = company ; time = time
reply: 《{title}》在{cinema}影院{time}有一场。

tool media: buy_movie_tickets goumai_dianyingpiao book_cinema_seats movie_tickets dianyingpiao
about: 买电影票。
about: Buys cinema tickets.
title = title ; title film dianying pianming ; 片名
count = integer:1-8 ; count zhangshu tickets seats ; 几张
order: 买{count}张《{title}》
order: [订|抢]《{title}》的{count}张[票|座]
ask: 《{title}》能[买|来]{count}张[连座|]吗
note: 我们{count}个人[约好|要]去看《{title}》，[座位要挨着|把位子先占下]
note: 请女朋友一家看《{title}》，[连我在内|加我]{count}位，[你把座定了|付款吧]
note: 《{title}》{count}张，[走起|付钱]
note: 首映就想看《{title}》，给{count}个人[抢到座|占上位]
note: 公司包《{title}》，{count}[个座|个位子]
gives: order_id = id ; total = price
reply: 《{title}》{count}张票已订（{order_id}），共{total}元。

tool media: next_episode xia_yiji episode_date zhuiju gengxin_shijian
about: [查询|返回]剧集下一集什么时候更新。
about: 追剧更新时间
title = title ; title series juming show ; 剧名
order: [查查|看看]《{title}》[哪天出新的|什么时候更]
order: [告诉我|盯着]《{title}》[下回|后面那集][几号上|哪天放]
ask: 《{title}》[还要等几天才有新的|什么时候更新|更到第几集了]
ask: 《{title}》[后续|接下来的][几号播|哪天上线]
note: 《{title}》停在最要命的地方，[急死人了|我一夜没睡好]，[后面啥时候有|再等多久]
note: 一口气追完《{title}》现有的，[空虚了|又得熬]，[接着的几时放|下回是哪天]
note: 室友和我打赌《{title}》[这周停不停播|周末有没有新的]
note: 《{title}》更新
gives: episode = integer:2-60 ; date = date
reply: 《{title}》第{episode}集在{date}更新。

tool sports: next_match saicheng match_schedule xia_changbisai upcoming_game
about: [查询|返回]球队下一场比赛的对手和时间。
about: When a team plays next and against whom.
team = company ; team qiudui club ; 球队
order: [查查|看看]{team}队[下一场什么时候踢|接下来打谁]
order: [告诉我|列出]{team}队[后面的对手|最近要打的那场]
ask: {team}队[周末有球吗|下轮碰谁|几时再上场]
ask: {team}队[哪天在主场|接着跟谁打]
note: 想带儿子去现场给{team}队加油，[挑哪天去好|哪天有得看]
note: 熬夜党，{team}队[几点开球|下回什么时候直播]，[我好请假|我先补觉]
note: 买了{team}队的球衣还没穿过，[等着他们再出场|下次上阵是哪天]
note: {team}队赛程
gives: opponent = company ; date = date
reply: {team}队{date}对阵{opponent}队。

tool fitness: log_workout record_exercise yundong_jilu jilu_duanlian add_workout
about: 记录一次运动[和时长|]。
about: Logs a workout with its length in minutes.
sport = sport ; sport yundong activity xiangmu ; 运动项目
minutes = integer:5-180 ; minutes shichang duration fenzhong ; 分钟数
order: [记下|录入]{sport}{minutes}分钟
order: 往[今天的账上|运动记录里][加上|添]{minutes}分钟的{sport}
ask: 刚[练完|结束]{minutes}分钟{sport}，能[算进去|存上]吗
note: 今天{sport}[练了|坚持了]{minutes}分钟，[打个卡|腿都软了]
note: 下班去{sport}，{minutes}分钟，[出了一身汗|累瘫了]
note: {minutes}分钟，{sport}，[计入本周|完成]
note: 被朋友拉去{sport}，[前后|一共]{minutes}分钟，[也算练过了吧|别漏了]
note: 打卡{sport}{minutes}分
gives: calories = integer:30-900
reply: 已记录{sport}{minutes}分钟，消耗{calories}千卡。

tool fitness: sleep_report shuimian sleep_quality get_sleep_data shuimian_baogao
about: [查询|返回]某一天晚上的睡眠时长和评分。
about: 睡眠报告
date = date ; date riqi night day ; 哪一天
order: [看看|调出]{date}我[睡了多久|夜里醒了几次，睡得如何]
order: [查查|告诉我]{date}的[睡眠|夜里休息]情况
ask: 我{date}[睡得怎么样|几小时在床上，够不够]
ask: {date}[夜里我睡够了吗|深睡有多久]
note: {date}[一整天没精神|起来头昏脑涨]，[夜里是不是没休息好|手环怎么记的]
note: 媳妇说我{date}[翻来覆去|打呼打了一宿]，[手表上怎么显示|数据拿来看看]
note: {date}喝了酒早早躺下，[质量到底行不行|看看有没有睡踏实]
note: {date}睡眠
gives: hours = enum:5.5,6.2,7.1,8.0 ; score = integer:40-98
reply: {date}睡了{hours}小时，评分{score}。

tool health: medicine_dosage yongliang how_much_medicine fuyao_jiliang chi_duoshao
about: [查询|返回]一种药一次吃多少、一天吃几次。
about: How much of a medicine to take and how often.
medicine = word ; medicine yao drug yaoming ; 药名
age? = integer:2-90 ; age nianling years ; 年龄 ; ，[病人|吃的人]{}岁
order: [查查|看看]{medicine}[一天吃几回|一次几片]
order: [告诉我|说说]{medicine}的[用量|服法]
ask: {medicine}[饭前还是饭后，一次几粒|每天几次，吃多少]
ask: {medicine}[一回吃一片够吗|一次能吃两片吗]
note: 说明书扔了，{medicine}[不知道该吞几颗|几小时来一回]
note: 大夫开了{medicine}，[字太潦草|没听清]，[每回几粒、一天几次|一顿吃多少]
note: 给爷爷分药盒，{medicine}[早晚各放几粒|一格该装几颗]
note: {medicine}用量
gives: pills = integer:1-4 ; times = integer:1-4
reply: {medicine}每次{pills}片，每天{times}次。

tool health: drug_side_effects fuzuoyong side_effects buliang_fanying medicine_warnings
about: [查询|返回]药物的副作用。
about: 药品不良反应
medicine = word ; medicine yao drug yaoming ; 药名
order: [查查|说说]{medicine}[有什么坏处|吃了会怎么样]
order: [看看|告诉我]{medicine}[伤不伤胃|会不会让人犯困]
ask: 吃了{medicine}[能开车吗|会不会困|头晕正常吗]
ask: {medicine}[对肝有没有害|有哪些不良反应]
note: 吃完{medicine}[身上起了疹子|心跳得厉害]，[跟它有关系吗|是不是它闹的]
note: 妈妈不敢吃{medicine}，[怕伤身体|听说很猛]
note: 明天考试，怕{medicine}[让人打瞌睡|吃了脑子发木]
note: {medicine}副作用
gives: effect = symptom
reply: {medicine}的常见副作用是{effect}。

tool health: doctor_schedule chuzhen doctor_hours yisheng_chuzhen when_is_doctor_in
about: 查医生星期几出诊。
about: On which day a doctor sees patients.
doctor = person ; doctor yisheng name daifu ; 医生姓名
order: [查查|看看]{doctor}大夫[哪天坐诊|周几在]
order: [问问|打听]{doctor}医生[什么时候看门诊|哪天出门诊]
ask: {doctor}医生[周几能碰上|这周在不在]
ask: {doctor}大夫的[专家门诊是哪天|门诊在上午还是下午]
note: 老毛病一直是{doctor}医生看的，[哪天去能碰见本人|不想换别的大夫]
note: 外地赶过去看{doctor}大夫，[怕扑空|先摸清他在不在]
note: 复查必须找{doctor}医生，[挑他在的日子去|他哪天在诊室]
note: {doctor}医生出诊
gives: day = enum:周一,周二,周三,周四,周五,周六,周日 ; part = enum:上午,下午,全天
reply: {doctor}医生{day}{part}出诊。

tool health: cancel_registration tuihao cancel_appointment quxiao_guahao drop_doctor_visit
about: [取消|退掉]医院的挂号。
about: 退号
number = id ; number guahao_hao appointment bianhao ; 挂号单号
order: [退掉|取消]{number}这个号
order: 把[医院那边的|门诊号]{number}[退了|让出去]
ask: 门诊{number}[不去了能退吗|现在退来得及吗]
note: [烧退了|牙不疼了]，{number}[那个专家号让给别人|看病的号不要了]
note: 医院的{number}，[公司走不开|人在外地]，[看不成了|去不了，别占着名额]
note: 约重了，[两个大夫留一个|看同一科]，{number}[不要|退]
note: 改去别家看了，{number}[就作废吧|那边的诊费要回来]
note: 挂号{number}，退
gives: refund = price
reply: 挂号{number}已退，退费{refund}元。

tool health: lab_report huayan_jieguo test_results jianyan_baogao baogao_chaxun
about: 按编号查[化验|检查]报告的结果。
about: Looks up the result of a medical test by its number.
number = id ; number bianhao report_id tiaoma ; 报告编号
order: [查查|看看]{number}的[化验单|抽血结果]
order: [调出|打开]{number}这份[检查|体检]的[结果|结论]
ask: {number}[出来了吗|有没有问题|正常吗]，[抽血的|化验的]
ask: 我的[血常规|尿检]{number}[结果怎样|好了没有]
note: 前天抽的血，条码{number}，[心里七上八下|等得睡不着]
note: 体检单上写着{number}，[指标高不高|有没有箭头]
note: 护士说下午[能出|能看]，单号{number}，[有异常没有|到底怎么样]
note: 化验{number}
gives: result = enum:正常,偏高,偏低,需复查
reply: 报告{number}的结果：{result}。

tool health: insurance_claim lipei file_claim baoxian_lipei shenqing_baoxiao
about: 向保险公司[申请理赔|报销医药费]。
about: 保险报案理赔
policy = id ; policy baodan number policy_id ; 保单号
amount = price ; amount jine cost money ; 花费金额
order: 用保单{policy}[报销|理赔]{amount}元
order: [提交|递]一份理赔，保单{policy}，[金额|花费]{amount}
ask: {policy}这份险[能赔|报得了]{amount}吗
note: 住院花了{amount}，[手里的保单是|当年买的是]{policy}，[该他们出钱了|让公司掏]
note: 摔断腿自费{amount}，{policy}，[能拿回来多少|把手续走起来]
note: 发票都攒齐了，[一共|合计]{amount}元，保单{policy}
note: 交了十年保费，{policy}，这回看病{amount}，[总得给点吧|该用上了]
note: 理赔{policy}，{amount}
gives: claim = id
reply: 保单{policy}的{amount}元理赔已受理，编号{claim}。

tool events: concert_tickets yanchanghui_piao buy_concert_ticket qiangpiao gig_tickets
about: 买某位歌手演唱会的门票。
about: Buys tickets for an artist's concert.
artist = artist ; artist geshou singer band ; 歌手
count = integer:1-6 ; count zhangshu tickets number ; 几张
order: [抢|买]{count}张{artist}演唱会的票
order: [订|拿下]{artist}[现场|巡演]的{count}个座
ask: {artist}的演唱会能[买|抢]到{count}张吗
note: {artist}要来开唱了，[我和闺蜜|一家子]{count}个人，[前排最好|多贵都去]
note: 从小听{artist}长大，[这次一定要到场|非去不可]，{count}张
note: {artist}开票了，{count}张，[快快快|手慢无]
note: 送老婆的惊喜，去听{artist}[唱现场|的现场]，{count}位[连座|]
note: {artist} {count}张，[内场|看台]
gives: order_id = id ; total = price
reply: {artist}演唱会{count}张票已订（{order_id}），共{total}元。

tool events: exhibition_info zhanlan current_exhibitions bowuguan_zhanlan whats_on_show
about: [查询|返回]某个博物馆[正在办的|当前]展览。
about: What a museum or gallery is showing now.
place = place ; place changguan museum where ; 场馆
order: [看看|查查]{place}[最近在展什么|这阵子有什么可看]
order: [打听|问问]{place}[又有什么新展|这个月摆出了什么]
ask: {place}[在办什么展|特展撤了没有]
ask: {place}[里头现在有什么好看的|值得专门跑一趟吗，展什么]
note: 外地朋友爱看画，带他去{place}，[不知道眼下挂的是谁的|现在有没有名家的]
note: 周末想带娃去{place}，[长长见识|开开眼]，[里面是恐龙还是古董|这阵子摆的是什么]
note: 朋友圈都在晒{place}，[那里到底摆了啥|是什么把大家都引去了]
note: {place}展览
gives: show = title ; until = date
reply: {place}正在展出{show}，到{until}为止。

tool words: find_synonyms jinyici synonym tongyici similar_words
about: [找|返回]一个词的近义词。
about: 同义词、意思相近的说法
word = word ; word ci term ; 词语
order: [找找|想想]跟{word}[意思差不多|一个意思]的词
order: [换个|给个][词|说法]代替{word}，意思[不变|别走样]
ask: {word}[还能怎么说|换个词怎么说]
ask: 什么词跟{word}[意思相近|可以互换]
note: 作文里{word}[用了八遍|出现太多]，[老师说单调|读着烦]，[换着花样说|来个别的]
note: 写稿子卡住了，{word}[太俗|太土]，[想要个雅一点的|有没有文气些的]
note: {word}在上一句用过了，[这句得变一变|不能再重样]
note: {word}近义词
gives: synonym = word
reply: {word}的近义词有{synonym}。

tool words: find_antonyms fanyici antonym opposite_word xiangfan_ci
about: [找|返回]一个词的反义词。
about: The word that means the opposite.
word = word ; word ci term ; 词语
order: [找找|想想]跟{word}[意思相反|唱反调]的词
order: [说出|给个]{word}的[反面|反义词]
ask: {word}[反过来怎么说|对面的那个词是什么]
ask: 跟{word}[正好相反的|完全倒过来的]是什么
note: 孩子的连线题，左边是{word}，[右边要连相反的那个|要找唱对台戏的]
note: 对对联，上联有{word}，[下联要个意思拧着来的|下联得反着来]
note: 不{word}叫什么，[一时想不起那个词|话到嘴边说不出]
note: {word}反义词
gives: antonym = word
reply: {word}的反义词是{antonym}。

tool words: idiom_story chengyu_diangu idiom_origin chengyu_chuchu where_idiom_comes_from
about: [讲|返回]成语的[出处|典故]。
about: 成语故事
idiom = word ; idiom chengyu phrase ; 成语
order: [讲讲|说说]{idiom}这个成语[是怎么来的|背后的故事]
order: [查查|考考]成语{idiom}[最早出自哪本书|说的是哪朝哪代的事]
ask: 成语{idiom}[出自哪里|讲的是谁的事]
ask: {idiom}这四个字[最早是谁说的|有什么来历]
note: 女儿睡前要听{idiom}的来龙去脉，[我编不出来|我自己都不懂]
note: 演讲想引用{idiom}，[怕张冠李戴|得知道是哪位古人]
note: 光会用{idiom}，[却不知道从哪本古书里来|来历一问三不知]
note: {idiom}典故
gives: source = title
reply: {idiom}出自《{source}》。

tool words: pinyin_of to_pinyin zhuyin how_to_pronounce pinyin_zhuan
about: 给汉字注上拼音[和声调|]。
about: Gives the pinyin reading of a Chinese word.
word = word ; word hanzi characters text ; 汉字
order: [标|注]上{word}的[读音|拼音]
order: [教我|告诉我]{word}[怎么念|读几声]
ask: {word}[念什么|怎么读|是第几声]
ask: {word}[打字该敲哪几个字母|读平舌还是翘舌]
note: 点名时碰到{word}，[不会念，丢脸|张不开嘴]
note: 外国同事要写{word}，[用字母怎么拼|给他注个音]
note: 看到{word}，[生僻字，念半边行吗|嘴里发不出音]
note: {word}拼音
gives: pinyin = enum:hǎi yáng,xīng guāng,chūn tiān,shān lín,yuè liang
reply: {word}读作{pinyin}。

tool words: poem_author shici_zuozhe who_wrote_poem shi_zuozhe poet_of
about: [查询|返回]一首诗[是谁写的|的作者和朝代]。
about: 诗词作者
title = title ; title shi poem shiming ; 诗名
order: [查查|说说]诗《{title}》[是谁写的|出自哪位诗人]
order: [看看|考证]《{title}》这首诗[是哪朝人作的|归在谁名下]
ask: 《{title}》这首诗[谁写的|是不是李白的|是唐朝的吗]
ask: 诗歌《{title}》[出自谁手|是哪位大家的手笔]
note: 儿子背《{title}》，[题目下面该报谁的名字|诗人叫什么我卡住了]
note: 书法作品抄的是《{title}》这首诗，[落款要写原诗人|不知道署谁]
note: 飞花令有人念了《{title}》这首，[杜甫还是白居易，吵起来了|没人说得出是谁的]
note: 《{title}》诗人
gives: poet = person ; dynasty = enum:唐,宋,元,明,清
reply: 《{title}》的作者是{dynasty}代{poet}。

tool words: suggest_names qiming baby_names name_generator qi_mingzi
about: 按姓氏给[宝宝|孩子]起名字。
about: Suggests a given name for a baby with this surname.
surname = word ; surname xing family_name lastname ; 姓
gender? = enum:男,女 ; gender xingbie sex ; 性别 ; ，[是个|]{}孩
order: [给|替]姓{surname}的[宝宝|小孩][起个名|想个名字]
order: [想想|推荐]姓{surname}[叫什么好听|配哪两个字好]
ask: 姓{surname}的[孩子叫什么好|小宝贝取什么名]
ask: 姓{surname}，[叫什么不容易重名|哪个字配着顺口]
note: 下个月预产期，爸爸姓{surname}，[全家吵翻天也没定|一个都没想好]
note: 姓{surname}太难配了，[叫什么都像绰号|宝宝都满月了还没上户口]
note: 双胞胎随妈妈姓{surname}，[求两个好听的字|想要有诗意的]
note: {surname}姓起名
gives: name = person
reply: 建议叫{name}。
"""
