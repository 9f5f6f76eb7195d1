"""Units in their many spellings, and words that multiply a number."""

from collections.abc import Mapping

_SPELT: Mapping[str, str] = {
    "m": "metre metres meter meters mètre mètres metro metros metri метр метров метра 米 メートル 미터",
    "km": "kilometre kilometres kilometer kilometers kilomètre kilomètres kilómetro kilómetros kms"
    " quilômetro quilômetros chilometro chilometri км километр километра километров 公里 千米 キロメートル 킬로미터",
    "cm": "centimetre centimetres centimeter centimeters zentimeter centimètres centímetros см 厘米",
    "mm": "millimetre millimetres millimeter millimeters millimètres milímetros мм 毫米",
    "mi": "mile miles meile meilen milla millas mille",
    "ft": "foot feet fuß pied pieds pies",
    "in": "inch inches zoll pouces pulgadas",
    "yd": "yard yards",
    "g": "gram grams gramm gramme grammes gramo gramos г грамм 克 グラム",
    "kg": "kilogram kilograms kilogramm kilogramme kilogrammes kilo kilos kilogramo kilogramos kgs"
    " кг килограмм килограммов 千克 公斤 キログラム",
    "mg": "milligram milligrams milligramm мг 毫克",
    "lb": "lbs pound-mass",
    "oz": "ounce ounces",
    "s": "sec secs second seconds sekunde sekunden seconde secondes segundo segundos secondi"
    " секунд секунды 秒 초",
    "ms": "millisecond milliseconds millisekunden",
    "min": "mins minute minutes minuten minuto minutos minuti минут минуты мин 分钟 分 분",
    "h": "hr hrs hour hours stunde stunden heure heures hora horas ora ore час часов часа ч 小时 時間 시간",
    "d": "day days tag tage tagen jour jours día días dia dias giorno giorni день дней дня 天 日 일",
    "week": "weeks woche wochen semaine semaines semana semanas settimana settimane недель 周 週間",
    "month": "months monat monate mois mes meses mesi месяцев 个月 か月",
    "year": "years yr yrs jahr jahre jahren an ans année années año años ano anos anno anni лет года 年 년",
    "L": "l litre litres liter liters litro litros litri литр литров 升 リットル",
    "mL": "ml millilitre millilitres milliliter milliliters мл 毫升",
    "°": "degree degrees grad degré degrés grado grados graus gradi градусов 度",
    "°C": "celsius degc",
    "°F": "fahrenheit degf",
    "K": "kelvin kelvins",
    "N": "newton newtons",
    "J": "joule joules",
    "kJ": "kj kilojoule kilojoules",
    "W": "watt watts",
    "kW": "kw kilowatt kilowatts",
    "V": "volt volts",
    "A": "amp amps ampere amperes",
    "Hz": "hz hertz",
    "Pa": "pascal pascals",
    "mol": "mole moles",
    "USD": "$ us$ usd dollar dollars dólar dólares 美元 ドル 달러",
    "EUR": "€ eur euro euros евро 欧元 ユーロ 유로",
    "GBP": "£ gbp pound pounds",
    "JPY": "¥ jpy yen 円 日元",
    "CNY": "cny rmb yuan 元 人民币",
    "INR": "₹ inr rupee rupees रुपये",
    "RUB": "₽ rub рублей рубль рубля",
    "KRW": "₩ krw 원",
    "cent": "¢ cents centimes",
    "mph": "mi/h",
    "km/h": "kph kmh",
    "m/s": "mps",
    "m^2": "m² sqm m2",
    "m^3": "m³ m3",
    "km^2": "km² km2",
    "cm^2": "cm² cm2",
    "cm^3": "cm³ cm3 cc",
}

UNITS: Mapping[str, str] = {
    **{word: unit for unit, words in _SPELT.items() for word in words.split()},
    **{unit: unit for unit in _SPELT},
}
"""The one spelling of a unit, by each known spelling. Symbols keep their case, words are in lower case."""

CURRENCIES = frozenset("$ € £ ¥ ₹ ₽ ₩ US$".split())
"""Signs that precede a number."""

_MULTIPLY: Mapping[int, str] = {
    12: "dozen",
    100: "hundred",
    10**3: "thousand tausend mille mil mila тысяч тысячи 千 천 k",
    10**4: "万 萬 만",
    10**6: "million millions millionen mio mio. mln millón millones milhões milione milioni"
    " миллион миллионов миллиона",
    10**8: "亿 億 억",
    10**9: "billion billions milliarde milliarden mrd mrd. milliard milliards miliardo miliardi"
    " миллиард миллиардов",
    10**12: "trillion trillions",
}

SCALES: Mapping[str, int] = {
    word: scale for scale, words in _MULTIPLY.items() for word in words.split()
}
"""Words after a number that multiply it, including the English billion: answers to one request share a language."""

PERCENT = frozenset(
    "% percent percents prozent percento pourcent procent procenten процентов процента".split()
)
