# ruff: noqa: E501 (tables of phrases read best one idea a line)
"""Common words for small talk: English-Chinese pairs by category, opposites, plurals, and what animals say and are called."""

# category English/Chinese : word=词 ...
VOCABULARY = """
animal/动物:dog=狗 cat=猫 horse=马 cow=牛 pig=猪 sheep=羊 chicken=鸡 duck=鸭子 rabbit=兔子 mouse=老鼠 tiger=老虎 lion=狮子 elephant=大象 monkey=猴子 bear=熊 wolf=狼 fox=狐狸 deer=鹿 panda=熊猫 snake=蛇 frog=青蛙 turtle=乌龟 whale=鲸鱼 dolphin=海豚 shark=鲨鱼 camel=骆驼 giraffe=长颈鹿 zebra=斑马 penguin=企鹅 owl=猫头鹰 eagle=鹰 goose=鹅 goat=山羊 donkey=驴 squirrel=松鼠 kangaroo=袋鼠
insect/昆虫:bee=蜜蜂 ant=蚂蚁 butterfly=蝴蝶 mosquito=蚊子 fly=苍蝇 dragonfly=蜻蜓 cricket=蟋蟀
fruit/水果:apple=苹果 banana=香蕉 orange=橙子 pear=梨 grape=葡萄 peach=桃子 lemon=柠檬 watermelon=西瓜 strawberry=草莓 cherry=樱桃 mango=芒果 pineapple=菠萝 plum=李子 kiwi=猕猴桃
vegetable/蔬菜:potato=土豆 carrot=胡萝卜 cabbage=白菜 onion=洋葱 cucumber=黄瓜 pumpkin=南瓜 spinach=菠菜 celery=芹菜 eggplant=茄子 garlic=大蒜
colour/颜色:red=红色 blue=蓝色 green=绿色 yellow=黄色 black=黑色 white=白色 brown=棕色 pink=粉色 purple=紫色 grey=灰色
drink/饮料:water=水 tea=茶 coffee=咖啡 milk=牛奶 juice=果汁 beer=啤酒 wine=葡萄酒
food/食物:bread=面包 rice=米饭 noodles=面条 soup=汤 egg=鸡蛋 cheese=奶酪 meat=肉 cake=蛋糕 sugar=糖 salt=盐 butter=黄油 dumpling=饺子 honey=蜂蜜 chocolate=巧克力 candy=糖果
body part/身体部位:head=头 hand=手 foot=脚 eye=眼睛 ear=耳朵 nose=鼻子 mouth=嘴 tooth=牙齿 hair=头发 arm=胳膊 leg=腿 finger=手指 heart=心脏 knee=膝盖 neck=脖子 shoulder=肩膀 face=脸
family member/家人:mother=母亲 father=父亲 brother=兄弟 sister=姐妹 son=儿子 daughter=女儿 grandmother=奶奶 grandfather=爷爷 uncle=叔叔 aunt=阿姨
job/职业:teacher=老师 doctor=医生 nurse=护士 farmer=农民 cook=厨师 driver=司机 singer=歌手 painter=画家 writer=作家 soldier=士兵 pilot=飞行员 lawyer=律师 engineer=工程师 dentist=牙医 waiter=服务员
vehicle/交通工具:car=汽车 bus=公共汽车 train=火车 plane=飞机 ship=轮船 bicycle=自行车 truck=卡车 taxi=出租车 boat=小船 subway=地铁 motorcycle=摩托车
piece of clothing/衣物:shirt=衬衫 trousers=裤子 shoe=鞋 hat=帽子 coat=大衣 sock=袜子 skirt=裙子 glove=手套 scarf=围巾 sweater=毛衣
piece of furniture/家具:table=桌子 chair=椅子 bed=床 sofa=沙发 cupboard=柜子 desk=书桌 bookshelf=书架 wardrobe=衣柜
place/地方:school=学校 hospital=医院 shop=商店 library=图书馆 bank=银行 park=公园 station=车站 airport=机场 restaurant=餐馆 museum=博物馆 hotel=酒店 market=市场 factory=工厂 farm=农场 church=教堂 office=办公室
plant/植物:tree=树 flower=花 grass=草 rose=玫瑰 bamboo=竹子 lotus=荷花 pine=松树 sunflower=向日葵 wheat=小麦
thing in the sky/天上的东西:sun=太阳 moon=月亮 star=星星 cloud=云 rainbow=彩虹
weather word/天气词:rain=雨 snow=雪 wind=风 fog=雾 storm=暴风雨 thunder=雷 frost=霜
tool/工具:hammer=锤子 knife=刀 scissors=剪刀 saw=锯子 needle=针 ladder=梯子 shovel=铲子 broom=扫帚 brush=刷子
musical instrument/乐器:piano=钢琴 guitar=吉他 drum=鼓 violin=小提琴 flute=长笛 trumpet=小号
sport/运动:football=足球 basketball=篮球 tennis=网球 swimming=游泳 running=跑步 volleyball=排球 badminton=羽毛球 skiing=滑雪
household thing/日用品:book=书 pen=钢笔 pencil=铅笔 paper=纸 bag=包 cup=杯子 plate=盘子 spoon=勺子 fork=叉子 bottle=瓶子 key=钥匙 lamp=灯 clock=钟 phone=电话 window=窗户 door=门 mirror=镜子 umbrella=雨伞 towel=毛巾 soap=肥皂 box=盒子 computer=电脑 camera=照相机 map=地图 letter=信 money=钱
season/季节:spring=春天 summer=夏天 autumn=秋天 winter=冬天
"""

# Words that have a translation but no category.
MORE_WORDS = """
hello=你好 goodbye=再见 thank you=谢谢 please=请 sorry=对不起 yes=是 no=不 friend=朋友 house=房子 city=城市 village=村庄 country=国家 world=世界 mountain=山 river=河 sea=海 lake=湖 island=岛
forest=森林 road=路 bridge=桥 fire=火 stone=石头 gold=金子 silver=银子 iron=铁 wood=木头 glass=玻璃 cotton=棉花 day=天 night=夜晚 morning=早上 evening=晚上 week=星期 month=月 year=年 today=今天
tomorrow=明天 yesterday=昨天 love=爱 happy=高兴 sad=难过 tired=累 angry=生气 beautiful=美丽 big=大 small=小 new=新 old=旧 hot=热 cold=冷 fast=快 slow=慢 good=好 bad=坏 long=长 short=短 high=高
eat=吃 drink=喝 sleep=睡觉 read=读 write=写 run=跑 walk=走 sing=唱歌 dance=跳舞 swim=游泳 laugh=笑 cry=哭 buy=买 sell=卖 listen=听 speak=说 learn=学习 work=工作 play=玩 think=想 help=帮助 open=打开
music=音乐 song=歌 story=故事 question=问题 answer=答案 name=名字 number=数字 word=词 language=语言 child=孩子 man=男人 woman=女人 king=国王 queen=女王 student=学生 science=科学 history=历史 peace=和平
one=一 two=二 three=三 four=四 five=五 six=六 seven=七 eight=八 nine=九 ten=十 hundred=百 thousand=千 Monday=星期一 Tuesday=星期二 Wednesday=星期三 Thursday=星期四 Friday=星期五 Saturday=星期六 Sunday=星期日
"""

OPPOSITES_EN = """
big small;hot cold;up down;fast slow;open closed;day night;happy sad;good bad;light dark;old young;long short;high low;rich poor;hard soft;wet dry;clean dirty;full empty;early late;near far;left right
strong weak;loud quiet;thick thin;deep shallow;wide narrow;true false;win lose;buy sell;push pull;start stop;begin end;love hate;friend enemy;inside outside;above below;first last;front back;yes no;in out;on off
give take;come go;laugh cry;remember forget;ask answer;arrive leave;always never;many few;more less;easy difficult;cheap expensive;heavy light;sweet bitter;safe dangerous;brave afraid;polite rude;smooth rough;sharp blunt
tight loose;ancient modern;summer winter;north south;east west;sunrise sunset;success failure;peace war;truth lie;hello goodbye;accept refuse;increase decrease;float sink;find lose;lend borrow;teach learn;build destroy
import export;maximum minimum;positive negative;public private;simple complex;awake asleep;alive dead;beautiful ugly;cool warm;same different;together apart;question answer;hero villain;floor ceiling;top bottom;entrance exit
"""

OPPOSITES_ZH = """
大 小;高 低;长 短;快 慢;冷 热;新 旧;好 坏;多 少;上 下;左 右;前 后;里 外;远 近;早 晚;白天 黑夜;高兴 难过;开 关;来 去;买 卖;哭 笑;胖 瘦;轻 重;硬 软;干 湿;强 弱;深 浅;宽 窄;厚 薄;贵 便宜;真 假
美丽 丑陋;聪明 愚蠢;勇敢 胆小;安全 危险;简单 复杂;容易 困难;成功 失败;开始 结束;记住 忘记;喜欢 讨厌;朋友 敌人;战争 和平;增加 减少;进步 退步;光明 黑暗;干净 肮脏;安静 吵闹;勤劳 懒惰;富有 贫穷;年轻 年老;积极 消极
东 西;南 北;天 地;黑 白;冬天 夏天;问 答;进 出;生 死;升 降;推 拉;借 还;输 赢;松 紧;粗 细;甜 苦;男 女;公开 秘密;古代 现代;诚实 虚伪;骄傲 谦虚;节约 浪费;团结 分裂;热情 冷淡;赞成 反对;出现 消失;前进 后退
"""

PLURALS = """
cat cats;dog dogs;box boxes;bus buses;baby babies;city cities;leaf leaves;knife knives;wolf wolves;child children;man men;woman women;foot feet;tooth teeth;mouse mice;goose geese;sheep sheep;fish fish;deer deer
person people;tomato tomatoes;potato potatoes;hero heroes;photo photos;piano pianos;watch watches;dish dishes;fox foxes;glass glasses;story stories;toy toys;key keys;day days;lady ladies;party parties;wife wives;life lives
half halves;shelf shelves;ox oxen;book books;apple apples;tree trees;car cars;house houses;horse horses;church churches;brush brushes;country countries;family families;berry berries;monkey monkeys;boy boys;girl girls
egg eggs;flower flowers;star stars;song songs;lamp lamps;class classes;match matches;loaf loaves;thief thieves;calf calves;penny pennies;fly flies;cherry cherries;echo echoes;bench benches;wish wishes;tax taxes;hat hats
"""

PAST_TENSES = """
go went;eat ate;see saw;come came;take took;give gave;run ran;write wrote;read read;sing sang;swim swam;drink drank;begin began;speak spoke;break broke;drive drove;ride rode;fly flew;know knew;grow grew;throw threw
buy bought;bring brought;think thought;teach taught;catch caught;sleep slept;keep kept;feel felt;leave left;meet met;sit sat;stand stood;find found;tell told;sell sold;make made;have had;do did;say said;hear heard;win won
lose lost;send sent;spend spent;build built;cut cut;put put;walk walked;play played;jump jumped;look looked;help helped;work worked;love loved;like liked;open opened;cry cried;study studied;stop stopped;wear wore;draw drew
"""

# animal|sound|young|legs
ANIMALS_EN = """
dog|woof|puppy|4;cat|meow|kitten|4;cow|moo|calf|4;sheep|baa|lamb|4;pig|oink|piglet|4;horse|neigh|foal|4;duck|quack|duckling|2;goat|bleat|kid|4;lion|roar|cub|4;wolf|howl|pup|4;frog|croak|tadpole|4;hen|cluck|chick|2
bear|growl|cub|4;owl|hoot|owlet|2;goose|honk|gosling|2;donkey|bray|foal|4;mouse|squeak|pup|4;elephant|trumpet|calf|4;snake|hiss|snakelet|0;rooster|cock-a-doodle-doo|chick|2
"""
