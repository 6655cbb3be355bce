/** Family name, given names, and the same person in another script where the name comes from one. */
export interface PersonName {
  readonly family: string
  readonly given: readonly [string, ...string[]]
}

type Words = readonly [string, ...string[]]

export const people: readonly [PersonName, ...PersonName[]] = [
  { family: 'Dvořák', given: ['Antonín', 'Jiří', 'Božena', 'Zdeňka'] },
  { family: 'Žižková', given: ['Růžena', 'Ludmila', 'Věra'] },
  { family: 'Łukasiewicz', given: ['Jan', 'Zofia', 'Świętosława'] },
  { family: 'Gałczyński', given: ['Konstanty Ildefons', 'Bogusław'] },
  { family: 'Müller', given: ['Jürgen', 'Käthe', 'Wilhelm', 'Änne'] },
  { family: 'Großmann', given: ['Sören', 'Ulrike'] },
  { family: 'Lefèvre', given: ['François', 'Hélène', 'Joëlle', 'Anaïs'] },
  { family: 'Çelik', given: ['Ayşe', 'Oğuz', 'İbrahim', 'Gülşah'] },
  { family: 'Núñez', given: ['José', 'María Concepción', 'Íñigo'] },
  { family: 'Gonçalves', given: ['João', 'Conceição', 'Antônio'] },
  { family: 'Nguyễn', given: ['Thị Hương', 'Văn Đức', 'Phúc Ánh'] },
  { family: 'Þórðarson', given: ['Þórbergur', 'Guðrún', 'Ásgeir'] },
  { family: 'Sørensen', given: ['Bjørn', 'Åse', 'Kåre'] },
  { family: 'Kovács', given: ['Győző', 'Erzsébet', 'Ödön'] },
  { family: 'Ștefănescu', given: ['Ștefan', 'Ileana', 'Bogdan'] },
  { family: 'Bērziņš', given: ['Jānis', 'Ērika'] },
  { family: "O'Súilleabháin", given: ['Seán', 'Máire', 'Éamonn'] },
  { family: "Smith-O'Neill", given: ['Ruth', 'George Herbert', 'Mary Ann'] },
  { family: 'Whitfield', given: ['Thomas', 'Ada', 'Cornelius'] },
  { family: 'Achebe-Okoro', given: ['Chidi', 'Ngozi'] },
  { family: 'Ọdẹ́bọ̀dé', given: ['Ọlá', 'Àdùkẹ́'] },
  { family: 'Толстой', given: ['Лев Николаевич', 'Софья Андреевна'] },
  { family: 'Шевченко', given: ['Тарас', 'Оксана', 'Їлля'] },
  { family: 'Παπαδόπουλος', given: ['Γιώργος', 'Ελένη', 'Νίκος'] },
  { family: 'כהן', given: ['יוסף', 'מרים'] },
  { family: 'الحكيم', given: ['توفيق', 'فاطمة'] },
  { family: 'शर्मा', given: ['रामविलास', 'सुनीता'] },
  { family: '夏目', given: ['漱石', '房之介'] },
  { family: '曹', given: ['雪芹', '禺'] },
  { family: '김', given: ['소월', '영하'] },
  { family: 'გამსახურდია', given: ['კონსტანტინე'] },
  { family: 'Թումանյան', given: ['Հովհաննես'] }
]

export const places: Words = [
  'Praha (Czech Republic)',
  'Łódź (Poland)',
  'München (Germany)',
  'São Paulo (Brazil)',
  'Côte d’Ivoire',
  'Reykjavík (Iceland)',
  'İzmir (Turkey)',
  'Hà Nội (Vietnam)',
  'Ōsaka-shi (Japan)',
  'Kraków (Poland)',
  'Bogotá (Colombia)',
  'Zürich (Switzerland)',
  'Québec (Province)',
  'Dar es Salaam (Tanzania)',
  'Санкт-Петербург (Russia)',
  'Θεσσαλονίκη (Greece)',
  'القاهرة (Egypt)',
  'ירושלים',
  '京都市 (Japan)',
  '서울특별시 (Korea)',
  'New Haven (Conn.)',
  'Ely, Isle of (England)'
]

export const topics: Words = [
  'Labor unions',
  'Bees',
  'Glass painting and staining',
  'Water-supply engineering',
  'Folk songs, Slovak',
  'Théâtre populaire',
  'Buddhist sculpture',
  'Electric power systems',
  'Nuns as authors',
  'Railroads, Narrow-gage',
  'Women weavers',
  'Paläographie',
  'Cooking (Nettles)',
  'Shipwreck survival',
  'Bilingual almanacs',
  'Mountain ecology',
  'Mathematical instruments',
  'Épopées',
  'Library catalogs on microfiche',
  'Tidal-wave warning systems',
  'Apiculteurs',
  'Bookbinding, Coptic'
]

export const subdivisions: Words = [
  'History',
  'Bibliography',
  'Law and legislation',
  'Dictionaries',
  'Social aspects',
  'Wages',
  'Équipement'
]
export const periods: Words = ['19th century', '20th century', 'To 1500', '1945-1989', 'Early works to 1800']
export const bodies: Words = [
  'Académie des sciences',
  'Národní knihovna',
  'Verein für Bücherfreunde',
  'Türk Tarih Kurumu',
  'Государственная библиотека',
  'Εθνικό Μουσείο',
  'Conseil supérieur de l’éducation',
  'Instituto de Investigações Agronómicas',
  'Ligue des droits de l’homme',
  'Royal Society of Bell Ringers',
  '国立国会図書館',
  'Ústav pro jazyk český'
]
export const units: Words = [
  'Department of Maps',
  'Sektion für Handschriften',
  'Comité d’édition',
  'Oddělení rukopisů',
  'Library'
]
export const meetings: Words = [
  'Congrès international de botanique',
  'Symposium on Early Printing',
  'Kongress der Glasmaler',
  'Conférence sur l’eau'
]
export const works: Words = [
  'Rusalka',
  'Lettres choisies',
  'Poems',
  'Gesammelte Werke',
  'Pan Tadeusz',
  'Война и мир',
  'Ἰλιάς',
  '源氏物語',
  'Ramáyana',
  'Œuvres complètes'
]
export const genres: Words = [
  'Detective and mystery fiction',
  'Éphémérides',
  'Puppet plays',
  'Chronicles (Genre)',
  'Field recordings'
]
export const occupations: Words = ['Composers', 'Beekeepers', 'Traducteurs', 'Glasmaler', 'Mathematicians', 'Knihovníci']
export const relations: Words = ['Employer:', 'Founder:', 'Pseudonym of:', 'Corporate successor:', 'Descendant:']
export const languages: Words = ['eng', 'cze', 'ger', 'fre', 'pol', 'rus', 'gre', 'vie', 'jpn', 'ara']
export const sources: Words = [
  'Its Annual report',
  'New Grove dictionary of music',
  'Kleines Künstlerlexikon',
  'Encyclopædia of beekeeping',
  'Большая энциклопедия',
  'Author’s letter to the library',
  'Wikipedia, viewed'
]
