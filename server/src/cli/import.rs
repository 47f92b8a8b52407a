#[derive(clap::Subcommand)]
pub enum ImportCommand {
    List,
}
impl ImportCommand {
    pub async fn run(&self, _: &crate::db::Db, _: &crate::world::World) -> Result<(), crate::error::Error> {
        Ok(())
    }
}
