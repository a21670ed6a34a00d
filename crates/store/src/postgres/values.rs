//! Values as PostgreSQL takes and gives them.

use std::error::Error as StdError;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::value::{Row, Value};
use crate::{Error, Result};

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(int) if *ty == Type::INT4 => i32::try_from(*int)?.to_sql(ty, out),
            Self::Int(int) => int.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Bytes(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Reads a row of any of the few types.
pub(super) fn row(row: &tokio_postgres::Row) -> Result<Row> {
    let read = |(index, column): (usize, &tokio_postgres::Column)| -> Result<Value> {
        Ok(match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.into(),
            Type::INT4 => row.try_get::<_, Option<i32>>(index)?.map(i64::from).into(),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index)?.map_or(Value::Null, Value::Bytes),
            Type::TEXT | Type::VARCHAR | Type::UNKNOWN => row.try_get::<_, Option<String>>(index)?.into(),
            ref other => return Err(Error::Corrupt(format!("column {} has the type {other}", column.name()))),
        })
    };
    row.columns().iter().enumerate().map(read).collect::<Result<_>>().map(Row)
}

/// Which columns hold the same value in every row; of one row, and of rows that are all the same, the first is said to differ.
pub(super) fn same(rows: &[Vec<Value>]) -> Vec<bool> {
    let Some((first, rest)) = rows.split_first() else { return Vec::new() };
    let equal = |(index, value): (usize, &Value)| rest.iter().all(|row| row.get(index) == Some(value));
    let mut same: Vec<bool> = first.iter().enumerate().map(equal).collect();
    if same.iter().all(|same| *same)
        && let Some(first) = same.first_mut()
    {
        *first = false;
    }
    same
}

/// Turns rows into columns: each an array parameter of the type that its letter names, or the one value that is the same in all.
pub(super) fn columns(types: &str, same: &[bool], rows: Vec<Vec<Value>>) -> Vec<Box<dyn ToSql + Sync + Send>> {
    let count = rows.len();
    let column =
        |(letter, same): (char, &bool)| if *same { Column::Same(Value::Null) } else { Column::new(letter, count) };
    let mut columns: Vec<Column> = types.chars().zip(same).map(column).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns.into_iter().map(Column::boxed).collect()
}

enum Column {
    Same(Value),
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    fn new(letter: char, rows: usize) -> Self {
        match letter {
            'i' => Self::Ints(Vec::with_capacity(rows)),
            't' => Self::Texts(Vec::with_capacity(rows)),
            _ => Self::Bytes(Vec::with_capacity(rows)),
        }
    }

    fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Same(same), value) => *same = value,
            (Self::Ints(ints), Value::Int(int)) => ints.push(Some(int)),
            (Self::Texts(texts), Value::Text(text)) => texts.push(Some(text)),
            (Self::Bytes(all), Value::Bytes(bytes)) => all.push(Some(bytes)),
            (Self::Ints(ints), _) => ints.push(None),
            (Self::Texts(texts), _) => texts.push(None),
            (Self::Bytes(all), _) => all.push(None),
        }
    }

    fn boxed(self) -> Box<dyn ToSql + Sync + Send> {
        match self {
            Self::Same(value) => Box::new(value),
            Self::Ints(ints) => Box::new(ints),
            Self::Texts(texts) => Box::new(texts),
            Self::Bytes(all) => Box::new(all),
        }
    }
}
