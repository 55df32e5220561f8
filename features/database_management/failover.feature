@database_management @gate @exclusive
Feature: Work goes on when the primary database is lost
  Segment:          Mid and Enterprise
  Business goal:    Never lose a change that was confirmed to a customer
  Value impact:     What the platform has confirmed is there, whatever happens to a server
  Strategic impact: Customers entrust their books to the platform

  @DBP-03 @segment.mid @segment.enterprise
  @needs.accounts @needs.sessions @needs.conversations @needs.messages @needs.allowances @needs.replica @needs.own_services
  Rule: Losing the primary database costs no confirmed change

    Scenario Outline: Confirmed changes survive the loss of the primary database
      Given four Mid customers with an allowance and a conversation
      When the primary database <loss> while everybody writes, and the replica takes its place
      Then everybody can write again in time
      And everybody can log in again
      And everybody's next run completes
      And everybody finds each confirmed change once, and no refused one

      Examples:
        | loss                                                   |
        | crashes                                                |
        | crashes with changes that the replica has not received |
